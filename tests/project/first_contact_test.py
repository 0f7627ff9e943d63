#!/usr/bin/env python3
"""first_contact_test.py: what goes wrong on a newcomer's way from a clone to a running example ends with a line that says
what to do.

The scripts are the project's, in a copy; programs that a machine may lack, or that would change this one, are stand-ins
in a folder that is all of PATH. CMake and the compiler are real where they are asked.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What the scripts call beside what they are about.
PLAIN = ("awk", "bash", "cat", "chmod", "dirname", "env", "head", "make", "mkdir", "mktemp", "nproc", "rm", "sed", "sort", "touch")
OTHERWISE = "or, with what they bring from elsewhere, add PACKAGES=no to the make command"


class Newcomer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        self.folder.chmod(0o755)  # also for another user
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        for name in PLAIN:
            (self.bin / name).symlink_to(shutil.which(name))
        self.clone = self.folder / "a clone"
        (self.clone / "http/docs_assets").mkdir(parents=True)
        (self.clone / "tests/browser").mkdir(parents=True)
        shutil.copy(ROOT / "Makefile", self.clone)
        shutil.copytree(ROOT / "cmake", self.clone / "cmake")

    def program(self, name, text):
        """A stand-in; it notes that it was called in the file `calls`."""
        file = self.bin / name
        file.write_text(f'#!/bin/bash\necho {name} "$@" >>"{self.folder}/calls"\n{text}\n')
        file.chmod(0o755)

    def calls(self):
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def run_here(self, *command, as_root=True, **environment):
        if not as_root:
            (self.folder / "calls").touch()
            (self.folder / "calls").chmod(0o666)
            if os.geteuid() == 0:
                command = (shutil.which("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", *command)
        return subprocess.run(
            command, cwd=self.clone, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={"PATH": str(self.bin), "HOME": "/nonexistent", **environment})

    def assert_last_line(self, result, line):
        self.assertNotEqual(result.returncode, 0, result.stdout)
        self.assertEqual(result.stderr.splitlines()[-1:], [line], result.stderr)


class Packages(Newcomer):
    def setUp(self):
        super().setUp()
        self.program("dpkg-query", "exit 1")

    def install(self, as_root=True, **environment):
        return self.run_here("bash", "cmake/install-packages.sh", "ninja-build", "libfmt-dev", as_root=as_root,
                             **environment)

    def test_says_nothing_when_all_are_there(self):
        self.program("dpkg-query", "printf installed")
        result = self.install()
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_asks_nobody_when_they_come_from_elsewhere(self):
        result = self.install(PACKAGES="no")
        self.assertEqual((result.returncode, result.stdout, result.stderr, self.calls()), (0, "", "", []))

    def test_no_apt_get(self):
        self.assert_last_line(self.install(), "zigmund: this system has no apt-get: install by its own means what is in "
                              "Debian's ninja-build libfmt-dev, then add PACKAGES=no to the make command")

    def test_not_root_without_sudo(self):
        self.program("apt-get", "")
        self.assert_last_line(self.install(as_root=False), "zigmund: not root and no sudo; as root, run: "
                              f"apt-get install ninja-build libfmt-dev; {OTHERWISE}")

    def test_sudo_refuses(self):
        self.program("apt-get", "")
        self.program("sudo", "echo 'ann is not in the sudoers file.' >&2; exit 1")
        self.assert_last_line(self.install(as_root=False), "zigmund: sudo refused; as root, run: "
                              f"apt-get install ninja-build libfmt-dev; {OTHERWISE}")
        self.assertFalse([call for call in self.calls() if call.startswith("apt-get")])

    def test_no_network(self):
        self.program("apt-get", "echo 'E: it says' >&2; exit 100")
        self.assert_last_line(self.as_root(), "zigmund: apt-get did not reach all of its mirrors: see that there is a "
                              f"network, and what stands in /etc/apt; then run this again, {OTHERWISE}")

    def test_a_mirror_that_is_not_needed_may_fail(self):
        self.program("apt-get", '[[ "$*" != *update* ]]')
        self.assertEqual(self.as_root().returncode, 0)

    def test_a_distribution_without_one_of_them(self):
        self.program("apt-get", '[[ "$*" == *update* ]]')
        self.assert_last_line(self.as_root(), "zigmund: apt-get could not install ninja-build libfmt-dev: what it says is "
                              "above, and Debian 12 has all of them; install what stands for them here, then add "
                              "PACKAGES=no to the make command")

    def test_installs_the_missing_ones_alone(self):
        self.program("dpkg-query", '[[ "$*" != *ninja* ]] || printf installed')
        self.program("apt-get", "")
        result = self.as_root()
        self.assertEqual((result.returncode, result.stdout), (0, "installing: libfmt-dev\n"))
        self.assertEqual([call for call in self.calls() if " install " in call][0].split()[-1], "libfmt-dev")

    def as_root(self):
        """As root, or by a sudo that lets everything through."""
        self.program("sudo", '"$@"')
        return self.install(as_root=os.geteuid() == 0)


class Configuration(Newcomer):
    """make run, with all packages said to be there."""

    def setUp(self):
        super().setUp()
        self.program("npm", "mkdir node_modules")

    def make(self, *arguments, **environment):
        return self.run_here("make", "--no-print-directory", *arguments, "PACKAGES=no", **environment)

    def assert_says(self, result, line):
        """Before the line with which make itself ends."""
        said = result.stderr.splitlines()
        self.assertNotEqual(result.returncode, 0, result.stdout)
        self.assertRegex(said[-1], r"^make: \*\*\* ")
        self.assertEqual(said[-2], line, result.stderr)

    def real(self, *names):
        for name in names:
            (self.bin / name).symlink_to(shutil.which(name))

    def test_no_cmake(self):
        self.assert_says(self.make("run"), "zigmund: there is no cmake in PATH: install CMake 3.25 or newer")

    def test_old_cmake(self):
        self.program("cmake", "echo 'cmake version 3.9.1'; echo; echo 'CMake suite'")
        self.assert_says(self.make("run"), f"zigmund: CMake 3.9.1 ({self.bin}/cmake) is too old: install CMake 3.25 or "
                         "newer, or put it first in PATH")

    def test_no_ninja(self):
        self.program("cmake", "echo 'cmake version 3.100.0'")
        self.assert_says(self.make("run"), "zigmund: there is no ninja in PATH: install Ninja")

    def test_a_folder_that_cannot_be_written(self):
        self.real("cmake", "ninja")
        (self.clone / "build").write_text("a file")
        self.assert_says(self.make("run"), "zigmund: build/run cannot be written: clone into a folder of your own")

    def test_a_build_of_another_checkout(self):
        self.real("cmake", "ninja")
        (self.clone / "build/run").mkdir(parents=True)
        (self.clone / "build/run/CMakeCache.txt").write_text("CMAKE_HOME_DIRECTORY:INTERNAL=/gone/zigmund\n")
        self.assert_says(self.make("run"), "zigmund: build/run was configured for /gone/zigmund, not for this folder: "
                         "remove it (rm -r build/run) and try again")

    def test_what_we_say_through_cmake_is_one_line(self):
        self.program("cmake", """
            case $1 in
            --version) echo 'cmake version 3.25.1' ;;
            *) printf '%s\\n' 'CMake Error at x (message):' '  zigmund: Boost is missing: install' '  it' '' \
                   'Call Stack (most recent call first):' '  y' '' >&2; exit 1 ;;
            esac""")
        self.program("ninja", "")
        result = self.make("run")
        self.assert_says(result, "zigmund: Boost is missing: install it")
        self.assertNotIn("Call Stack", result.stderr)

    def test_what_cmake_says_itself_is_shown(self):
        self.program("cmake", "[[ $1 == --version ]] && echo 'cmake version 3.25.1' || { echo 'No compiler' >&2; exit 1; }")
        self.program("ninja", "")
        result = self.make("run")
        self.assertIn("No compiler\n", result.stderr)
        self.assert_says(result, "zigmund: CMake says above what it lacks; if that should be there, remove build/run "
                         "(rm -r build/run) and try again")

    def test_an_example_runs_without_the_pages_that_npm_brings(self):
        self.program("npm", "echo 'npm ERR! network' >&2; exit 1")
        self.program("cmake", "[[ $1 == --version ]] && echo 'cmake version 3.25.1' || exit 0")
        self.program("ninja", "")
        result = self.make("run")
        self.assertIn("\nzigmund: npm could not get what http/docs_assets/package-lock.json pins: see that there is a network "
                      "and that 'npm ping' reaches the registry, then run this again\n", result.stderr)
        self.assertIn("going on without the pages /docs and /redoc\n", result.stdout)
        self.assertIn("cmake --build build/run", "\n".join(self.calls()))

    def test_tests_need_what_npm_brings(self):
        self.program("npm", "echo 'npm ERR! network' >&2; exit 1")
        self.assert_says(self.make("test"), "zigmund: npm could not get what http/docs_assets/package-lock.json pins: see "
                         "that there is a network and that 'npm ping' reaches the registry, then run this again")

    def test_the_port_can_be_chosen(self):
        self.program("cmake", """[[ $1 != --build ]] || {
            mkdir -p build/run/docs/examples
            printf '#!/bin/bash\necho it gets "$@"\n' >build/run/docs/examples/item_service
            chmod +x build/run/docs/examples/item_service
            }
            echo 'cmake version 3.25.1'""")
        self.program("ninja", "")
        self.assertEqual(self.make("run", "PORT=8081").stdout.splitlines()[-1:], ["it gets --port=8081"])

    def test_make_test_ends_at_the_first_build_that_is_red(self):
        self.program("cmake", "case $1 in --version) echo 'cmake version 3.25.1' ;; --build) exit 1 ;; esac")
        self.program("ctest", "")
        self.program("ninja", "")
        result = self.make("test", "PRESETS=release asan")
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual([call for call in self.calls() if call.startswith("cmake --build")],
                         [f"cmake --build --preset release -j {os.cpu_count()}"])


class Dependencies(unittest.TestCase):
    """The real CMake, asked for what is not there."""

    def configure(self, *arguments, **environment):
        with tempfile.TemporaryDirectory() as folder:
            self.folder = folder
            result = subprocess.run(
                ["bash", ROOT / "cmake/configure.sh", f"{folder}/build", "--preset", "release", *arguments],
                capture_output=True, text=True, env={**os.environ, **environment})
            self.assertNotEqual(result.returncode, 0, result.stdout)
            return result.stderr

    def test_no_mimalloc(self):
        self.assertEqual(
            self.configure("-DCMAKE_DISABLE_FIND_PACKAGE_mimalloc=ON"),
            "zigmund: mimalloc 2.0 or newer is not found: install it (on Debian: apt-get install libmimalloc-dev), or say in "
            "CMAKE_PREFIX_PATH where it is\n")

    def test_old_mimalloc(self):
        with tempfile.TemporaryDirectory() as prefix:
            folder = pathlib.Path(prefix, "lib/cmake/mimalloc")
            folder.mkdir(parents=True)
            (folder / "mimalloc-config.cmake").write_text("")
            (folder / "mimalloc-config-version.cmake").write_text("set(PACKAGE_VERSION 1.8)\n")
            self.assertEqual(
                self.configure(f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF",
                               "-DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF",
                               f"-DCMAKE_MAKE_PROGRAM={shutil.which('ninja')}", CXX=shutil.which("c++")),
                "zigmund: mimalloc 2.0 or newer is only found as 1.8: install it (on Debian: apt-get install "
                "libmimalloc-dev), or say in CMAKE_PREFIX_PATH where it is\n")

    def test_no_boost(self):
        self.assertEqual(
            self.configure("-DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON"),
            "zigmund: Boost 1.81 or newer is not found: install it (on Debian: apt-get install libboost1.81-dev "
            "libboost-json1.81-dev), or say in CMAKE_PREFIX_PATH where it is\n")

    def test_old_compiler(self):
        compiler = shutil.which("g++")
        if compiler is None:
            self.skipTest("there is no g++ to play an old one")
        with tempfile.TemporaryDirectory() as folder:
            old = pathlib.Path(folder, "g++")
            old.write_text(f'#!/bin/sh\nexec {compiler} -w "$@" -U__GNUC__ -D__GNUC__=11 -U__GNUC_MINOR__ '
                           '-D__GNUC_MINOR__=4 -U__GNUC_PATCHLEVEL__ -D__GNUC_PATCHLEVEL__=0\n')
            old.chmod(0o755)
            said = self.configure(CXX=str(old))
            self.assertEqual(
                said, f"zigmund: {old} is GNU 11.4.0, which is too old: install g++ 12 or newer, or clang 19 or newer, "
                f"remove this build folder (rm -r {self.folder}/build), and name the compiler in the environment "
                "(CXX=g++-12)\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
