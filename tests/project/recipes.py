#!/usr/bin/env python3
"""recipes.py ROOT VERSION: the recipes of package managers that are not installed here say what the project is.

They are Python and JSON that can be read; their version is the project's; what they set is an option of CMake's; and
each file and folder that they take is there.
"""
import ast
import json
import pathlib
import re
import sys

root, version = pathlib.Path(sys.argv[1]), sys.argv[2]
conan = root / "packaging/conan"
vcpkg = root / "packaging/vcpkg/zigmund"
wrong = []

for recipe in sorted(conan.rglob("*.py")):
    ast.parse(recipe.read_text(), str(recipe))

manifest = json.loads((vcpkg / "vcpkg.json").read_text())
if manifest["version-semver"] != version:
    wrong.append(f"vcpkg.json says version {manifest['version-semver']}")

declared = set()
for file in ("CMakeLists.txt", "cmake/ZigmundTargets.cmake"):
    declared |= set(re.findall(r"option\((ZIGMUND_\w+)", (root / file).read_text()))
for recipe in (vcpkg / "portfile.cmake", conan / "conanfile.py"):
    for name in re.findall(r"\bZIGMUND_(?!VERSION)\w+", recipe.read_text()):
        if name not in declared:
            wrong.append(f"{recipe.name} sets {name}, which is no option")

for feature in re.findall(r"^\s+(\w+) ZIGMUND_\w+$", (vcpkg / "portfile.cmake").read_text(), re.M):
    if feature not in manifest["features"]:
        wrong.append(f"portfile.cmake has the feature {feature}, and vcpkg.json has not")

# What CMake adds must be among what Conan exports.
exported = re.findall(r'"([\w.]+)(?:/\*)?"', re.search(r"for pattern in \((.*?)\):", (conan / "conanfile.py").read_text(), re.S)[1])
wrong += [f"conanfile.py takes {name}, which is not there" for name in exported if not (root / name).exists()]
rooms = set(re.findall(r"^\s*add_subdirectory\((\w+)\)$", (root / "CMakeLists.txt").read_text(), re.M)) - {"benchmarks", "tests"}
wrong += [f"conanfile.py leaves out {room}" for room in sorted(rooms - set(exported))]

if wrong:
    sys.exit("\n".join(wrong))
