# cmake -D component=alloc -D build=DIR -D source=DIR -D work=DIR -D compiler=... -D generator=...
#       -D build_type=... -P consumer.cmake
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\nended with '${result}':\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${work})
set(needed alloc inject http)
if(component STREQUAL "alloc_interpose")
  set(needed alloc_interpose)
elseif(component STREQUAL "alloc_heap_counter")
  set(needed alloc alloc_heap_counter)
endif()
foreach(installed IN LISTS needed)
  run(${CMAKE_COMMAND} --install ${build} --component ${installed} --prefix ${work}/prefix)
  if(installed STREQUAL component)
    break()
  endif()
endforeach()
set(without_boost TRUE)
if(component STREQUAL "http")
  set(without_boost FALSE)
endif()

run(${CMAKE_COMMAND} -S ${source} -B ${work}/build -G ${generator} -D CMAKE_CXX_COMPILER=${compiler}
  -D CMAKE_BUILD_TYPE=${build_type} -D CMAKE_PREFIX_PATH=${work}/prefix -D component=${component}
  -D CMAKE_DISABLE_FIND_PACKAGE_Boost=${without_boost})
run(${CMAKE_COMMAND} --build ${work}/build)
run(${work}/build/consumer)
if(NOT output STREQUAL "Hello from ${component}\n")
  message(FATAL_ERROR "the consumer printed: ${output}")
endif()

if(component STREQUAL "http")
  return()
endif()
if(component STREQUAL "alloc_interpose")
  run(${work}/prefix/bin/zigmund-leaks --exit-code=9 -- ${CMAKE_COMMAND} -E true)
endif()
# http is not installed there: to ask for it is an error that says so.
execute_process(COMMAND ${CMAKE_COMMAND} -S ${source} -B ${work}/missing -G ${generator}
  -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_PREFIX_PATH=${work}/prefix -D component=http
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX REPLACE "[ \n]+" " " output "${output}")
if(result EQUAL 0 OR NOT output MATCHES "zigmund: component 'http' is not installed here")
  message(FATAL_ERROR "find_package(zigmund COMPONENTS http) said: ${output}")
endif()
