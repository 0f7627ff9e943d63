# `make deb`: Debian's packages by CPack, of the components that CMake installs.
#
#     libzigmund-alloc0.1  libzigmund-http0.1     runtime: the shared libraries
#     libzigmund-alloc-dev libzigmund-http-dev    headers, static libraries, files for CMake and pkg-config
#     zigmund-tools                               zigmund-leaks, what it preloads, and zigmund-bench
set(alloc_runtime_package libzigmund-alloc${ZIGMUND_SOVERSION})
set(http_runtime_package libzigmund-http${ZIGMUND_SOVERSION})
set(version ${PROJECT_VERSION}-1)
set(here ${CMAKE_CURRENT_LIST_DIR})

# deb_package(group PACKAGE name COMPONENTS components... SECTION section SUMMARY line TEXT lines DEPENDS packages)
function(deb_package group)
  cmake_parse_arguments(arg "" "PACKAGE;SECTION;SUMMARY;TEXT;DEPENDS" "COMPONENTS" ${ARGN})
  list(GET arg_COMPONENTS 0 first)
  set(share ${CMAKE_INSTALL_DATAROOTDIR})
  install(FILES ${here}/copyright DESTINATION ${share}/doc/${arg_PACKAGE} COMPONENT ${first})
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/changelog.Debian.gz DESTINATION ${share}/doc/${arg_PACKAGE}
    COMPONENT ${first})
  foreach(component IN LISTS arg_COMPONENTS)
    string(TOUPPER ${component} name)
    set(CPACK_COMPONENT_${name}_GROUP ${group} PARENT_SCOPE)
  endforeach()
  string(TOUPPER ${group} name)
  set(CPACK_DEBIAN_${name}_DESCRIPTION "${arg_SUMMARY}\n${arg_TEXT}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${name}_PACKAGE_NAME ${arg_PACKAGE} PARENT_SCOPE)
  set(CPACK_DEBIAN_${name}_FILE_NAME DEB-DEFAULT PARENT_SCOPE)
  set(CPACK_DEBIAN_${name}_PACKAGE_SECTION ${arg_SECTION} PARENT_SCOPE)
  set(CPACK_DEBIAN_${name}_PACKAGE_DEPENDS "${arg_DEPENDS}" PARENT_SCOPE)
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${arg_COMPONENTS} PARENT_SCOPE)
endfunction()

configure_file(${here}/changelog.in changelog.Debian @ONLY)
execute_process(COMMAND gzip -9 -n -k -f changelog.Debian WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}
  COMMAND_ERROR_IS_FATAL ANY)

set(about "Every allocator is a std::pmr::memory_resource; mimalloc is underneath.")
deb_package(alloc_runtime_group PACKAGE ${alloc_runtime_package} COMPONENTS alloc_runtime SECTION libs
  SUMMARY "memory allocators for C++: arenas, leak checks, limits (shared library)"
  TEXT "Arenas, a general-purpose allocator that finds leaks and names their call\nsites, pools, limits and other decorators.\n${about}")
deb_package(http_runtime_group PACKAGE ${http_runtime_package} COMPONENTS http_runtime SECTION libs
  DEPENDS "${alloc_runtime_package} (= ${version})"
  SUMMARY "HTTP servers whose requests live in arenas (shared library)"
  TEXT "A thin layer on Boost in which every request has a memory arena of its own,\nparameters are injected by type, and OpenAPI documents write themselves.")
deb_package(alloc_dev_group PACKAGE libzigmund-alloc-dev COMPONENTS alloc alloc_shared alloc_heap_counter SECTION libdevel
  DEPENDS "${alloc_runtime_package} (= ${version}), libmimalloc-dev (>= 2.0)"
  SUMMARY "memory allocators for C++: arenas, leak checks, limits (development)"
  TEXT "Headers, static library and files for CMake and pkg-config of zigmund::alloc.\n${about}")
deb_package(http_dev_group PACKAGE libzigmund-http-dev COMPONENTS http http_shared inject SECTION libdevel
  DEPENDS "${http_runtime_package} (= ${version}), libzigmund-alloc-dev (= ${version}), libboost1.81-dev, libboost-json1.81-dev, zlib1g-dev, libssl-dev"
  SUMMARY "HTTP servers whose requests live in arenas (development)"
  TEXT "Headers, static library and files for CMake and pkg-config of zigmund::http\nand of zigmund::inject, which injects the parameters of callables by type.")
deb_package(tools_group PACKAGE zigmund-tools COMPONENTS alloc_interpose SECTION devel
  SUMMARY "finds memory leaks and errors in programs that run, and what allocator suits"
  TEXT "zigmund-leaks runs any dynamically linked program with its malloc and new\nrouted through an allocator that tells of memory errors where they happen, and\nof what is lost at the end. It also records what a program does with its memory;\nzigmund-bench replays that on other allocators and tells which suits.")

function(man_page tool source text)
  execute_process(COMMAND ${here}/man_page.sh ${PROJECT_SOURCE_DIR}/${source} ${tool} ${text} ${PROJECT_VERSION}
    OUTPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/${tool}.1 COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND gzip -9 -n -k -f ${tool}.1 WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}
    COMMAND_ERROR_IS_FATAL ANY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${tool}.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
    COMPONENT alloc_interpose)
endfunction()
man_page(zigmund-leaks interpose/tool/zigmund_leaks.cpp "runs a program and tells of its memory leaks and errors")
man_page(zigmund-bench replay/tool/zigmund_bench.cpp "replays what a program did with its memory on other allocators")

# CPack strips programs and shared libraries.
foreach(room IN ITEMS alloc http)
  install(CODE "execute_process(COMMAND ${CMAKE_STRIP} --strip-debug
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libzigmund_${room}.a\" COMMAND_ERROR_IS_FATAL ANY)"
    COMPONENT ${room})
endforeach()
install(CODE "file(GLOB_RECURSE objects \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/zigmund/*.o\")
  execute_process(COMMAND ${CMAKE_STRIP} --strip-debug \${objects} COMMAND_ERROR_IS_FATAL ANY)"
  COMPONENT alloc_heap_counter)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME zigmund)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_PACKAGE_CONTACT "The Zigmund authors <zigmund@example.org>")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${CPACK_PACKAGE_CONTACT}")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# http needs alloc's library, which no installed package brings yet.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/alloc)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# The description of a package begins with its own line.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
include(CPack)
