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

# zigmund_tests(alloc LIBRARIES zigmund::alloc): one executable for each *_test.cpp of the folder but those named
# after EXCEPT. Those named after COUNTED count heap calls (zigmund::alloc_heap_counter), and are left out
# under a sanitizer.
function(zigmund_tests room)
  cmake_parse_arguments(arg "" "" "LIBRARIES;COUNTED;EXCEPT" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  foreach(file IN LISTS files)
    cmake_path(GET file STEM stem)
    cmake_path(GET file FILENAME name)
    if(name IN_LIST arg_EXCEPT OR (name IN_LIST arg_COUNTED AND ZIGMUND_SANITIZE))
      continue()
    endif()
    set(target ${room}_${stem})
    add_executable(${target} ${file})
    zigmund_own(${target})
    target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} GTest::gtest_main)
    if(name IN_LIST arg_COUNTED)
      target_link_libraries(${target} PRIVATE zigmund::alloc_heap_counter)
    endif()
    gtest_discover_tests(${target} TEST_PREFIX ${room}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
      PROPERTIES LABELS ${room} TIMEOUT 300)
  endforeach()
endfunction()
