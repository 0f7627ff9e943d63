# cmake -D program=FILE -D expected=FILE -P RunExample.cmake: the program exits with 0 and prints the text of
# the file.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${program} OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
file(READ ${expected} text)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${program} ended with '${result}', printed:\n${output}${errors}")
endif()
if(NOT output STREQUAL text)
  message(FATAL_ERROR "${program} printed:\n${output}\ninstead of the text of ${expected}:\n${text}")
endif()
