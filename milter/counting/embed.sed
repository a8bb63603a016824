# Makes a C string of a Lua script: without comments and blank lines, a line for each line.
/^[ \t]*--/d
/^[ \t]*$/d
s/\\/\\\\/g
s/"/\\"/g
s/^/"/
s/$/\\n"/
