# libbacktrace names the frames of a stack (function, file, line, inlined callers). GCC ships it in its own
# library folder, which only the compiler knows; clang looks in the same place. Defines, when it is there,
# the target Libbacktrace::Libbacktrace; without it stacks show module and offset.
include(FindPackageHandleStandardArgs)

execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libbacktrace.a
  OUTPUT_VARIABLE _libbacktrace_file OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT IS_ABSOLUTE "${_libbacktrace_file}")
  set(_libbacktrace_file "")
endif()
get_filename_component(_libbacktrace_dir "${_libbacktrace_file}" DIRECTORY)

find_library(Libbacktrace_LIBRARY NAMES backtrace HINTS ${_libbacktrace_dir})
find_path(Libbacktrace_INCLUDE_DIR NAMES backtrace.h HINTS ${_libbacktrace_dir}/include)
find_package_handle_standard_args(Libbacktrace REQUIRED_VARS Libbacktrace_LIBRARY Libbacktrace_INCLUDE_DIR)
mark_as_advanced(Libbacktrace_LIBRARY Libbacktrace_INCLUDE_DIR)

if(Libbacktrace_FOUND AND NOT TARGET Libbacktrace::Libbacktrace)
  add_library(Libbacktrace::Libbacktrace UNKNOWN IMPORTED)
  set_target_properties(Libbacktrace::Libbacktrace PROPERTIES IMPORTED_LOCATION ${Libbacktrace_LIBRARY})
  # The header's folder is not an include directory of the target: it holds GCC's own intrinsics as well,
  # which must not come before another compiler's.
endif()
