"""declared_functions.py COMPILER [FLAGS...] < HEADERS: writes a C++ unit that refers to every function and variable
which the headers, one #include per line, declare in namespace constformer and do not define. It links only where all of
them are defined.

The compiler is clang, whose syntax tree gives the names that the linker sees.
"""
import json
import subprocess
import sys

FUNCTIONS = {"FunctionDecl", "CXXMethodDecl", "CXXConstructorDecl", "CXXDestructorDecl", "CXXConversionDecl"}
SCOPES = {"NamespaceDecl", "CXXRecordDecl", "LinkageSpecDecl"}


def trees(compiler, flags, headers):
    """The tree of every namespace block called constformer."""
    call = [compiler, "-std=c++20", "-fsyntax-only", *flags, "-Xclang", "-ast-dump=json",
            "-Xclang", "-ast-dump-filter=constformer", "-x", "c++", "-"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dump:
        dump.stdin.write(headers)
        dump.stdin.close()
        lines = []
        for line in dump.stdout:
            if line == "{\n":
                lines = []
            lines.append(line)
            if line == "}\n":
                yield json.loads("".join(lines))
    if dump.returncode != 0:
        sys.exit(f"{compiler} ended with status {dump.returncode}")


def walk(node, undefined, defined):
    kind = node.get("kind")
    if kind in FUNCTIONS:
        needs_none = node.get("pure") or node.get("explicitlyDeleted") or node.get("isImplicit")
        body = any(inner.get("kind") == "CompoundStmt" for inner in node.get("inner", []))
        done = body or needs_none or node.get("explicitlyDefaulted")
        (defined if done else undefined).add(node.get("mangledName"))
    elif kind == "VarDecl" and node.get("storageClass") == "extern":
        undefined.add(node.get("mangledName"))
    elif kind in SCOPES:
        for inner in node.get("inner", []):
            walk(inner, undefined, defined)


def main():
    undefined, defined = set(), set()
    for tree in trees(sys.argv[1], sys.argv[2:], sys.stdin.read()):
        walk(tree, undefined, defined)
    names = sorted(undefined - defined - {None})
    print("asm(R\"(\n  .data\n  .balign 8")
    for name in names:
        print(f"  .8byte {name}")
    print("  .text\n)\");\n\n#include <cstdio>\n")
    print(f'int main() {{ std::puts("{len(names)} functions are defined"); }}')


if __name__ == "__main__":
    main()
