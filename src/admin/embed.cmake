# SPDX-License-Identifier: MIT
# cmake -D FOLDER=... -D OUT=... -P embed.cmake: the dashboard's files as C arrays, no tool needed but CMake.
set(text "/* Made by embed.cmake. */\n#include \"dashboard.h\"\n")
foreach(file index.html dashboard.css dashboard.js flow.js containers.js containers.css explain.js explain.css)
    file(READ ${FOLDER}/${file} bytes HEX)
    string(LENGTH "${bytes}" digits)
    math(EXPR len "${digits} / 2")
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(REPLACE "." "_" name ${file})
    string(APPEND text "\nconst size_t dashboard_${name}_len = ${len};\n"
                       "const unsigned char dashboard_${name}[] = {\n${bytes}\n};\n")
endforeach()
file(WRITE ${OUT} "${text}")
