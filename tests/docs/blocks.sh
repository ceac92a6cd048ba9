# Sourced by the checks: blocks FILE.md FOLDER writes each fenced block of a Markdown file as FOLDER/LINE.KIND, where
# LINE is that of its first line and KIND its info string with dots for blanks (12.cpp, 40.cpp.misfit, 55.console).
blocks() {
  awk -v folder="$2" '
    /^```/ && !inside { inside = 1; kind = substr($0, 4); gsub(/ +/, ".", kind); name = folder "/" (NR + 1) "." kind; printf "" > name; next }
    /^```/ { inside = 0; close(name); next }
    inside { print > name }
    END { if (inside) { print FILENAME ": a block is not closed" > "/dev/stderr"; exit 1 } }' "$1"
}
