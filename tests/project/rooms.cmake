# cmake -D root=DIR -P rooms.cmake: alloc <- inject <- http. A room's files include nothing of a room to its
# right, alloc and inject nothing of Boost, and inject knows nothing of HTTP, not even in words.
cmake_minimum_required(VERSION 3.25)

# room, regular expression, what a line that matches does wrong
function(forbid room expression offence)
  file(GLOB_RECURSE files ${root}/${room}/include/*.hpp ${root}/${room}/src/*)
  if(NOT files)
    message(FATAL_ERROR "no files in ${room}")
  endif()
  foreach(file IN LISTS files)
    file(READ ${file} text)
    string(TOLOWER "${text}" text)
    if(text MATCHES "${expression}")
      message(SEND_ERROR "${file} ${offence}: ${CMAKE_MATCH_0}")
    endif()
  endforeach()
endfunction()

forbid(alloc "# *include *[<\"](boost|zigmund/inject|zigmund/http)[^\n]*" "includes what stands on it")
forbid(inject "# *include *[<\"](boost|zigmund/http)[^\n]*" "includes what stands on it")
forbid(inject "[^\n]*(boost|http|request|response)[^\n]*" "knows of HTTP")
