# cmake -D source=FILE -D settings=FILE -P run.cmake: one case; see CMakeLists.txt.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/command.cmake)

list(APPEND command -fsyntax-only -fmessage-length=0 -fdiagnostics-color=never)
file(STRINGS ${source} more_flags REGEX "^// flags: ")
string(REPLACE "// flags: " "" more_flags "${more_flags}")
if(more_flags)
  list(APPEND command ${more_flags})  # and what was compiled without them is of no use
elseif(compiler_id STREQUAL "GNU")
  list(APPEND command -include ${precompiled})
else()
  list(APPEND command -include-pch ${precompiled}.gch)
endif()

execute_process(COMMAND ${command} ${source} RESULT_VARIABLE result ERROR_VARIABLE output OUTPUT_VARIABLE output)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "the control, without MISUSE, does not compile:\n${output}")
endif()

execute_process(COMMAND ${command} -DMISUSE ${source}
  RESULT_VARIABLE result ERROR_VARIABLE output OUTPUT_VARIABLE output)
if(result EQUAL 0)
  message(FATAL_ERROR "the misuse compiles")
endif()
file(STRINGS ${source} expectations REGEX "^// expect: ")
if(NOT expectations)
  message(FATAL_ERROR "the file has no line '// expect: ...'")
endif()
# clang leaves inline namespaces out of names; gcc does not.
string(REPLACE "::v0::" "::" output "${output}")
foreach(expectation IN LISTS expectations)
  string(REPLACE "// expect: " "" expectation "${expectation}")
  if(NOT output MATCHES "${expectation}")
    message(FATAL_ERROR "the compiler does not say\n  ${expectation}\nbut\n${output}")
  endif()
endforeach()
