# SPDX-License-Identifier: MIT
# cmake -D FOLDER=... -D OUT=... -P embed.cmake: the dashboard's files as C arrays and a table of them, no tool needed but CMake.
file(GLOB paths ${FOLDER}/*)
list(SORT paths)
set(arrays "")
set(rows "")
set(number 0)
foreach(path ${paths})
    get_filename_component(name ${path} NAME)
    file(READ ${path} bytes HEX)
    string(LENGTH "${bytes}" digits)
    math(EXPR len "${digits} / 2")
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND arrays "\nstatic const unsigned char file_${number}[] = {\n${bytes}\n};\n")
    string(APPEND rows "    {\"${name}\", file_${number}, ${len}},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "/* Made by embed.cmake. */\n#include \"dashboard.h\"\n${arrays}\n"
                  "const struct dashboard_file dashboard_files[] = {\n${rows}};\n"
                  "const size_t dashboard_file_count = ${number};\n")
