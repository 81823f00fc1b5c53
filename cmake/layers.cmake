# cutover_layer(<folder> [DEPENDS <lower layers>] [LIBRARIES <third-party targets>])
#
# Makes the static library of one folder from all its .cc files. A new file needs no line here.
function(cutover_layer name)
  cmake_parse_arguments(LAYER "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  add_library(cutover_${name} STATIC ${sources})
  target_include_directories(cutover_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  list(TRANSFORM LAYER_DEPENDS PREPEND cutover_)
  target_link_libraries(cutover_${name} PUBLIC ${LAYER_DEPENDS} PRIVATE ${LAYER_LIBRARIES})
endfunction()

# cutover_tests(<name> [DEPENDS <layers>] [LIBRARIES <targets>] [LABELS <ctest labels>] [TIMEOUT s] [FILES <files>])
#
# One Catch2 program from all *_test.cc files of the current folder, one ctest entry per program.
function(cutover_tests name)
  cmake_parse_arguments(TESTS "" "TIMEOUT" "DEPENDS;LIBRARIES;LABELS;FILES" ${ARGN})
  if(NOT TESTS_FILES)
    file(GLOB TESTS_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc)
  endif()
  if(NOT TESTS_TIMEOUT)
    set(TESTS_TIMEOUT 300)
  endif()
  add_executable(${name}_test ${TESTS_FILES})
  list(TRANSFORM TESTS_DEPENDS PREPEND cutover_)
  target_link_libraries(${name}_test PRIVATE cutover_catch_main ${TESTS_DEPENDS} ${TESTS_LIBRARIES})
  cutover_test_entry(${name} ${name}_test LABELS ${TESTS_LABELS} TIMEOUT ${TESTS_TIMEOUT})
endfunction()

# cutover_test_entry(<ctest name> <program> [<Catch2 filter>] [LABELS <ctest labels>] [TIMEOUT s] [SUBJECTS <which>])
#
# SUBJECTS: the providers that the program's suites are run over (CUTOVER_SUBJECTS, tests/providers/subject.cc).
function(cutover_test_entry name program)
  cmake_parse_arguments(ENTRY "" "TIMEOUT;SUBJECTS" "LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${program} ${ENTRY_UNPARSED_ARGUMENTS})
  set(environment "CUTOVER_PROGRAM=$<TARGET_FILE:cutover>;CUTOVER_SOURCE=${PROJECT_SOURCE_DIR}")
  if(ENTRY_SUBJECTS)
    list(APPEND environment "CUTOVER_SUBJECTS=${ENTRY_SUBJECTS}")
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ENTRY_TIMEOUT} LABELS "${ENTRY_LABELS}"
    ENVIRONMENT "${environment}")
endfunction()
