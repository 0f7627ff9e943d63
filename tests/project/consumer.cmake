# cmake -D component=alloc -D build=DIR -D source=DIR -D work=DIR -D compiler=... -D generator=...
#       -D build_type=... -D pkg_config=... -P consumer.cmake
#
# By find_package, by pkg-config, and, where there is a shared library, with that one.
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

function(run_consumer)
  run(${ARGN})
  if(NOT output STREQUAL "Hello from ${component}\n")
    message(FATAL_ERROR "${ARGN} printed: ${output}")
  endif()
endfunction()

function(find_and_build folder)
  run(${CMAKE_COMMAND} -S ${source} -B ${work}/${folder} -G ${generator} -D CMAKE_CXX_COMPILER=${compiler}
    -D CMAKE_BUILD_TYPE=${build_type} -D CMAKE_PREFIX_PATH=${work}/prefix -D component=${component}
    -D CMAKE_DISABLE_FIND_PACKAGE_Boost=${without_boost} ${ARGN})
  run(${CMAKE_COMMAND} --build ${work}/${folder})
  run_consumer(${work}/${folder}/consumer)
endfunction()

# What pkg-config says links the object that is there: to compile it again would take long, and say the same.
function(ask_pkg_config program)
  run(${pkg_config} --cflags zigmund-${component})
  if(NOT output MATCHES "-I${work}/prefix/(lib/.*)?include")
    message(FATAL_ERROR "pkg-config --cflags zigmund-${component} says: ${output}")
  endif()
  run(${pkg_config} --modversion zigmund-${component})
  string(STRIP "${output}" version)
  run(${pkg_config} ${ARGN} --libs zigmund-${component})
  separate_arguments(libraries UNIX_COMMAND "${output}")
  run(${compiler} ${work}/build/CMakeFiles/consumer.dir/${component}.cpp.o -o ${work}/${program} ${libraries})
endfunction()

find_and_build(build)

if(component MATCHES "^(alloc|inject|http)$")
  file(GLOB_RECURSE module ${work}/prefix/zigmund-${component}.pc)
  cmake_path(GET module PARENT_PATH modules)
  cmake_path(GET modules PARENT_PATH libraries_folder)
  set(ENV{PKG_CONFIG_PATH} ${modules})
  ask_pkg_config(linked --static)
  run_consumer(${work}/linked)

  if(EXISTS ${build}/alloc/libzigmund_alloc.so)
    foreach(installed IN LISTS needed)
      if(NOT installed STREQUAL "inject")
        run(${CMAKE_COMMAND} --install ${build} --component ${installed}_runtime --prefix ${work}/prefix)
        run(${CMAKE_COMMAND} --install ${build} --component ${installed}_shared --prefix ${work}/prefix)
      endif()
      if(installed STREQUAL component)
        break()
      endif()
    endforeach()
    ask_pkg_config(linked_shared)
    run_consumer(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${libraries_folder} ${work}/linked_shared)
    run(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${libraries_folder} ldd ${work}/linked_shared)
    # What a consumer of inject calls is in its headers.
    if(NOT component STREQUAL "inject" AND NOT output MATCHES "libzigmund_alloc\\.so\\.[0-9.]+ => ${work}/prefix")
      message(FATAL_ERROR "the consumer was to be linked with the shared library, but needs: ${output}")
    endif()
    # mimalloc is the library's own business then.
    if(component STREQUAL "alloc")
      find_and_build(build_shared -D CMAKE_DISABLE_FIND_PACKAGE_mimalloc=TRUE)
    endif()
  endif()
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
