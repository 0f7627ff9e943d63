# How our own targets are built: warnings as errors, sanitizers by name, one executable a test file.

# The standard library of older ones lacks what the headers use, or is not shown to them.
function(zigmund_check_compiler)
  set(needed_GNU 12)
  set(needed_Clang 19)
  set(needed ${needed_${CMAKE_CXX_COMPILER_ID}})
  if(needed AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS needed)
    message(FATAL_ERROR "zigmund: ${CMAKE_CXX_COMPILER} is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}, \
which is too old: install g++ 12 or newer, or clang 19 or newer, remove this build folder (rm -r ${CMAKE_BINARY_DIR}), \
and name the compiler in the environment (CXX=g++-12)")
  endif()
endfunction()

# zigmund_find(libboost-json1.81-dev Boost 1.81 COMPONENTS json): find_package, which where it fails says in one line what
# to do.
macro(zigmund_find debian_packages package version)
  find_package(${package} ${version} QUIET ${ARGN})
  if(NOT ${package}_FOUND)
    set(zigmund_lack "not found")
    if(${package}_CONSIDERED_VERSIONS)
      list(JOIN ${package}_CONSIDERED_VERSIONS ", " zigmund_lack)
      set(zigmund_lack "only found as ${zigmund_lack}")
    endif()
    message(FATAL_ERROR "zigmund: ${package} ${version} or newer is ${zigmund_lack}: \
install it (on Debian: apt-get install ${debian_packages}), or say in CMAKE_PREFIX_PATH where it is")
  endif()
endmacro()

set(ZIGMUND_SANITIZE "" CACHE STRING "Sanitizers for our own targets, as for -fsanitize= (address,undefined or thread)")

if(ZIGMUND_SANITIZE)
  # Everything in one build tree is built alike: mixing instrumented and plain objects lies.
  add_compile_options(-fsanitize=${ZIGMUND_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ZIGMUND_SANITIZE})
endif()

if(ZIGMUND_FUZZ)
  # The library counts the edges that a fuzz target's input takes.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Warnings are errors in our own builds only: who embeds us must not break on a newer compiler.
function(zigmund_own target)
  if(PROJECT_IS_TOP_LEVEL)
    target_compile_options(${target} PRIVATE
      -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
      -Woverloaded-virtual -Werror)
  endif()
endfunction()

# While the major number is 0, a new minor number may break programs: then it names the binary interface as well.
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(ZIGMUND_SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
else()
  set(ZIGMUND_SOVERSION ${PROJECT_VERSION_MAJOR})
endif()

# A sanitizer's objects leave symbols to the program, which a shared library of ours does not.
set(shared_too OFF)
if(PROJECT_IS_TOP_LEVEL AND NOT BUILD_SHARED_LIBS AND NOT ZIGMUND_SANITIZE AND NOT ZIGMUND_FUZZ)
  set(shared_too ON)
endif()
option(ZIGMUND_SHARED "Link shared libraries beside the static ones, of the same objects" ${shared_too})

# zigmund_library(alloc SOURCES a.cpp... PUBLIC libraries... PRIVATE libraries...): target zigmund_alloc, alias
# zigmund::alloc, installed and exported. With ZIGMUND_SHARED, zigmund_alloc_shared as well, which is installed
# as the components alloc_runtime and alloc_shared, and exported by the same name.
function(zigmund_library name)
  cmake_parse_arguments(arg "INTERFACE" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target zigmund_${name})
  if(arg_INTERFACE)
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(${target} ${arg_SOURCES})
    set(scope PUBLIC)
    zigmund_own(${target})
    set_target_properties(${target} PROPERTIES
      VERSION ${PROJECT_VERSION} SOVERSION ${ZIGMUND_SOVERSION} POSITION_INDEPENDENT_CODE ON INSTALL_RPATH "$ORIGIN"
      CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endif()
  add_library(zigmund::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${scope} cxx_std_23)
  target_include_directories(${target} ${scope}
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} ${scope} ${arg_PUBLIC})
  if(arg_PRIVATE)
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
  endif()
  zigmund_install(${target} ${name} ${name})
  install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT ${name})

  if(NOT arg_INTERFACE AND ZIGMUND_SHARED)
    zigmund_shared_library(${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
  endif()
endfunction()

# Linked of the static library's objects, which are compiled for it: nothing is compiled twice.
function(zigmund_shared_library name)
  cmake_parse_arguments(arg "" "" "PUBLIC;PRIVATE" ${ARGN})
  set(target zigmund_${name}_shared)
  add_library(${target} SHARED $<TARGET_OBJECTS:zigmund_${name}>)
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name} OUTPUT_NAME zigmund_${name} LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION} SOVERSION ${ZIGMUND_SOVERSION} INSTALL_RPATH "$ORIGIN")
  target_compile_features(${target} INTERFACE cxx_std_23)
  target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  # Ours among them: here the shared ones, and by their common names to who finds the package.
  foreach(library IN LISTS arg_PUBLIC)
    if(library MATCHES "^zigmund::(.*)")
      if(TARGET zigmund_${CMAKE_MATCH_1}_shared)
        target_link_libraries(${target} PRIVATE zigmund_${CMAKE_MATCH_1}_shared)
      endif()
      target_link_libraries(${target} INTERFACE $<INSTALL_INTERFACE:${library}>)
    else()
      target_link_libraries(${target} PUBLIC ${library})
    endif()
  endforeach()
  # What is linked in for good is nobody else's to call.
  target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
  target_link_options(${target} PRIVATE LINKER:--exclude-libs,ALL LINKER:--no-undefined)
  # What a program needs that is linked with it, and what it takes to link one.
  install(TARGETS ${target} EXPORT zigmund-${name}-shared-targets
    LIBRARY COMPONENT ${name}_runtime NAMELINK_COMPONENT ${name}_shared)
  zigmund_install_export(${name}_shared ${name}-shared)
endfunction()

# zigmund_pkg_config(alloc DESCRIPTION text LIBS flags... PRIVATE flags... REQUIRES modules... REQUIRES_PRIVATE
# modules...): zigmund-alloc.pc. Without a shared library, what is private is everyone's who links.
function(zigmund_pkg_config name)
  cmake_parse_arguments(arg "" "DESCRIPTION" "LIBS;PRIVATE;REQUIRES;REQUIRES_PRIVATE" ${ARGN})
  if(NOT ZIGMUND_SHARED AND NOT BUILD_SHARED_LIBS)
    list(APPEND arg_LIBS ${arg_PRIVATE})
    list(APPEND arg_REQUIRES ${arg_REQUIRES_PRIVATE})
    set(arg_PRIVATE "")
    set(arg_REQUIRES_PRIVATE "")
  endif()
  set(description "${arg_DESCRIPTION}")
  list(JOIN arg_LIBS " " libs)
  list(JOIN arg_PRIVATE " " libs_private)
  list(JOIN arg_REQUIRES ", " requires)
  list(JOIN arg_REQUIRES_PRIVATE ", " requires_private)
  # The installed files may be moved: what is in them is told from where they are.
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" up "${up}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/zigmund.pc.in zigmund-${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/zigmund-${name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT ${name})
endfunction()

# zigmund_install(zigmund_alloc alloc alloc): as a component, exported by zigmund-alloc-targets.cmake.
function(zigmund_install target component export)
  install(TARGETS ${target} EXPORT zigmund-${export}-targets COMPONENT ${component})
  zigmund_install_export(${component} ${export})
endfunction()

function(zigmund_install_export component export)
  install(EXPORT zigmund-${export}-targets NAMESPACE zigmund:: FILE zigmund-${export}-targets.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/zigmund COMPONENT ${component})
endfunction()

option(ZIGMUND_TESTS_BY_PROGRAM "ctest runs each test program once, not once for each of its tests" OFF)

# A test's stacks need lines, not variables, which cost a third of the time that it takes to compile. A plain debug
# build is for a debugger.
function(zigmund_own_test target)
  zigmund_own(${target})
  # clang's -g1 names no functions, which the stacks of alloc's tests have to.
  if((ZIGMUND_SANITIZE OR NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
      AND (CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR NOT target MATCHES "^alloc_"))
    target_compile_options(${target} PRIVATE -g1)
  endif()
  # What is tested of http is compiled as it is shipped, in its library, the examples and the guide. Its tests
  # themselves take a fifth less time so.
  if(target MATCHES "^(http|e2e)_" AND CMAKE_BUILD_TYPE MATCHES "^Rel")
    # gcc sees fewer initialisations there.
    target_compile_options(${target} PRIVATE -O1 $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  endif()
endfunction()

# What most tests of a room include, parsed once for all of them.
function(zigmund_precompile_tests room)
  set(target ${room}_tests_precompiled)
  if(NOT TARGET ${target})
    file(CONFIGURE OUTPUT precompiled.cpp CONTENT "")
    add_library(${target} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/precompiled.cpp)
    zigmund_own_test(${target})
    target_link_libraries(${target} PRIVATE ${ARGN} GTest::gtest_main)
    set(headers <gtest/gtest.h> <array> <atomic> <memory_resource> <random> <span> <string> <thread> <vector>)
    foreach(umbrella IN ITEMS alloc http inject)
      if(zigmund::${umbrella} IN_LIST ARGN)
        list(APPEND headers <zigmund/${umbrella}.hpp>)
      endif()
    endforeach()
    target_precompile_headers(${target} PRIVATE ${headers})
  endif()
endfunction()

# zigmund_tests(alloc LIBRARIES zigmund::alloc): one executable for each *_test.cpp of the folder but those named
# after EXCEPT. Those named after COUNTED count heap calls (zigmund::alloc_heap_counter), and are left out
# under a sanitizer. Those named after OTHERWISE are compiled with other options or macros than the room, and so
# without its precompiled headers.
function(zigmund_tests room)
  cmake_parse_arguments(arg "" "" "LIBRARIES;COUNTED;EXCEPT;OTHERWISE" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  foreach(file IN LISTS files)
    cmake_path(GET file STEM stem)
    cmake_path(GET file FILENAME name)
    if(name IN_LIST arg_EXCEPT OR (name IN_LIST arg_COUNTED AND ZIGMUND_SANITIZE))
      continue()
    endif()
    # ThreadSanitizer sees nothing in a program with one thread.
    if(ZIGMUND_SANITIZE STREQUAL "thread")
      file(STRINGS ${file} threads REGEX "#include (<thread>|\"running_server.hpp\"|<future>)")
      if(NOT threads)
        continue()
      endif()
    endif()
    set(target ${room}_${stem})
    add_executable(${target} ${file})
    zigmund_own_test(${target})
    target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} GTest::gtest_main)
    if(arg_LIBRARIES AND NOT name IN_LIST arg_OTHERWISE)
      zigmund_precompile_tests(${room} ${arg_LIBRARIES})
      target_precompile_headers(${target} REUSE_FROM ${room}_tests_precompiled)
    endif()
    if(name IN_LIST arg_COUNTED)
      target_link_libraries(${target} PRIVATE zigmund::alloc_heap_counter)
    endif()
    zigmund_discover_tests(${target} ${room} ${room}.)
  endforeach()
endfunction()

# The tests of a program, for ctest: each by itself, or all in one process, which under a sanitizer saves most of
# the time.
function(zigmund_discover_tests target label prefix)
  if(ZIGMUND_TESTS_BY_PROGRAM)
    add_test(NAME ${target} COMMAND ${target})
    set_tests_properties(${target} PROPERTIES LABELS ${label} TIMEOUT 900)
  else()
    gtest_discover_tests(${target} TEST_PREFIX ${prefix} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      PROPERTIES LABELS ${label} TIMEOUT 300)
  endif()
endfunction()
