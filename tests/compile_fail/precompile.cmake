# cmake -D settings=FILE -P precompile.cmake: the library's headers, for the cases that run.cmake runs.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/command.cmake)

file(WRITE ${precompiled} "#include <${umbrella}>\n")
execute_process(COMMAND ${command} -x c++-header ${precompiled} -o ${precompiled}.gch
  RESULT_VARIABLE result ERROR_VARIABLE output)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${umbrella} does not compile:\n${output}")
endif()
