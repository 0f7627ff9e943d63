# How our own targets are built: warnings as errors, sanitizers by name, one executable a test file.

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

# zigmund_library(alloc SOURCES a.cpp...): target zigmund_alloc, alias zigmund::alloc, installed and exported.
function(zigmund_library name)
  cmake_parse_arguments(arg "INTERFACE" "" "SOURCES" ${ARGN})
  if(arg_INTERFACE)
    add_library(zigmund_${name} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(zigmund_${name} ${arg_SOURCES})
    set(scope PUBLIC)
    zigmund_own(zigmund_${name})
    set_target_properties(zigmund_${name} PROPERTIES
      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} POSITION_INDEPENDENT_CODE ON)
  endif()
  add_library(zigmund::${name} ALIAS zigmund_${name})
  set_target_properties(zigmund_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(zigmund_${name} ${scope} cxx_std_23)
  target_include_directories(zigmund_${name} ${scope}
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  install(TARGETS zigmund_${name} EXPORT zigmund-${name}-targets COMPONENT ${name})
  install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT ${name})
  install(EXPORT zigmund-${name}-targets NAMESPACE zigmund:: FILE zigmund-${name}-targets.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/zigmund COMPONENT ${name})
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
