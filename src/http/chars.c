/* SPDX-License-Identifier: MIT */
#include "chars.h"

#define ALPHA(c)      (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))
#define DIGIT(c)      ((c) >= '0' && (c) <= '9')
#define ALNUM(c)      (ALPHA(c) || DIGIT(c))
#define UNRESERVED(c) (ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_' || (c) == '~')
#define SUB_DELIM(c)                                                                                                  \
    ((c) == '!' || (c) == '$' || (c) == '&' || (c) == '\'' || (c) == '(' || (c) == ')' || (c) == '*' || (c) == '+' || \
     (c) == ',' || (c) == ';' || (c) == '=')
#define TOKEN(c)                                                                                                    \
    (ALNUM(c) || (c) == '!' || (c) == '#' || (c) == '$' || (c) == '%' || (c) == '&' || (c) == '\'' || (c) == '*' || \
     (c) == '+' || (c) == '-' || (c) == '.' || (c) == '^' || (c) == '_' || (c) == '`' || (c) == '|' || (c) == '~')
#define TARGET(c) (((c) > 0x20 && (c) < 0x7f && (c) != '#') || (c) >= 0x80)
#define PATH(c)   (UNRESERVED(c) || SUB_DELIM(c) || (c) == ':' || (c) == '@' || (c) == '/')
#define HOST(c)   (UNRESERVED(c) || (SUB_DELIM(c) && (c) != ','))
#define HEX(c)    (DIGIT(c) || ((c) >= 'a' && (c) <= 'f') || ((c) >= 'A' && (c) <= 'F'))
/* '.' counts only behind '/', which is not plain; ';' starts a parameter. */
#define PLAIN(c) (PATH(c) && (c) != '/' && (c) != ';')

#define CLASS(c)                                                                                   \
    ((TOKEN(c) ? CHAR_TOKEN : 0) | (TARGET(c) ? CHAR_TARGET : 0) | (PATH(c) ? CHAR_PATH : 0) |     \
     (UNRESERVED(c) ? CHAR_UNRESERVED : 0) | (HOST(c) ? CHAR_HOST : 0) | (HEX(c) ? CHAR_HEX : 0) | \
     (PLAIN(c) ? CHAR_PLAIN : 0))
#define FOUR(c)       CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define SIXTEEN(c)    FOUR(c), FOUR((c) + 4), FOUR((c) + 8), FOUR((c) + 12)
#define SIXTY_FOUR(c) SIXTEEN(c), SIXTEEN((c) + 16), SIXTEEN((c) + 32), SIXTEEN((c) + 48)

const uint8_t char_classes[256] = {SIXTY_FOUR(0), SIXTY_FOUR(64), SIXTY_FOUR(128), SIXTY_FOUR(192)};
