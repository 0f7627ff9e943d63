"""`conan create packaging/conan`: zigmund, of the sources that this file lies in. Without HTTP: -o 'zigmund/*:http=False'."""
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class ZigmundConan(ConanFile):
    name = "zigmund"
    description = "Memory allocators for C++, and HTTP servers whose memory is visible"
    license = "MIT"
    topics = ("memory", "allocator", "arena", "http")
    package_type = "library"
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False], "http": [True, False]}
    default_options = {"shared": False, "http": True}

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, os.pardir, os.pardir)

    def set_version(self):
        header = load(self, os.path.join(self._root, "alloc", "include", "zigmund", "alloc", "version.hpp"))
        self.version = ".".join(
            re.search(rf"#define ZIGMUND_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "alloc/*", "inject/*", "http/*", "interpose/*",
                        "heap_counter/*", "replay/*"):
            copy(self, pattern, self._root, self.export_sources_folder, excludes="*/node_modules/*")

    def requirements(self):
        # Its headers are not in ours; a program is linked with it where our library is static.
        self.requires("mimalloc/[>=2.0 <3]")
        if self.options.http:
            self.requires("boost/[>=1.81 <2]", transitive_headers=True, transitive_libs=True)
            self.requires("openssl/[>=3 <4]")
            self.requires("zlib/[>=1.2.11 <2]")

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("zigmund is for Linux")
        check_min_cppstd(self, 23)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["ZIGMUND_HTTP"] = bool(self.options.http)
        # One of both, as the option says.
        toolchain.cache_variables["ZIGMUND_SHARED"] = False
        toolchain.cache_variables["ZIGMUND_TESTS"] = False
        toolchain.cache_variables["ZIGMUND_EXAMPLES"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_info(self):
        # What is installed has files for CMake of its own, with the components that they name.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs.append(os.path.join("lib", "cmake", "zigmund"))

        alloc = self.cpp_info.components["alloc"]
        alloc.set_property("pkg_config_name", "zigmund-alloc")
        alloc.libs = ["zigmund_alloc"]
        alloc.requires = ["mimalloc::mimalloc"]
        alloc.system_libs = ["pthread", "dl"]

        inject = self.cpp_info.components["inject"]
        inject.set_property("pkg_config_name", "zigmund-inject")
        inject.requires = ["alloc"]

        if self.options.http:
            http = self.cpp_info.components["http"]
            http.set_property("pkg_config_name", "zigmund-http")
            http.libs = ["zigmund_http"]
            http.requires = ["inject", "alloc", "boost::json", "openssl::ssl", "zlib::zlib"]
