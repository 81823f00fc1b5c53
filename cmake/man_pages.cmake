# Makes the man pages of the manuals, with lowdown: cmake -D SOURCE=... -D OUT=... -D LOWDOWN=... -D VERSION=... -D DATE=...
#
# The manuals are Markdown for the eye. A page of man(1) wants a little less of it: the title is the page's own, tables of
# two columns and lists of options become lists of terms, and NAME reads as apropos(1) wants it.
file(GLOB manuals ${SOURCE}/cmd/*.md)
list(SORT manuals)

# What stands behind the command in NAME: `the change itself, behind its gates`.
function(purpose_of text out)
  string(REGEX REPLACE ".*## NAME\n\n[^:]*: ([^\n]*)\n.*" "\\1" purpose "${text}")
  set(${out} "${purpose}" PARENT_SCOPE)
endfunction()

function(page_of text name see_also)
  string(REGEX REPLACE "^# [^\n]*\n" "" text "${text}")
  string(REGEX REPLACE "## NAME\n\n[^:]*: " "## NAME\n\n${name} - " text "${text}")
  # Rows stand apart while they are looked at, so that each has both of its line ends for itself.
  string(REPLACE "|\n|" "|\n\n|" text "${text}")
  string(REGEX REPLACE "\n\\|[^\n]*\\|\n\n\\|---\\|---\\|\n" "\n" text "${text}")
  string(REGEX REPLACE "\n\\| ([^|\n]*[^ |\n]) +\\| ([^|\n]*[^ |\n]) +\\|\n" "\n\\1\n: \\2\n" text "${text}")
  string(REPLACE "|\n\n|" "|\n|" text "${text}")
  string(REGEX REPLACE "\n- (`[^`\n]+`): " "\n\n\\1\n: " text "${text}")
  # Links between manuals are references between pages.
  string(REGEX REPLACE "\\[[^]\n]*\\]\\(([a-z-]+)\\.md\\)" "**cutover-\\1**(1)" text "${text}")
  string(REPLACE "\n## " "\n# " text "${text}")
  string(REPLACE "\n### " "\n## " text "${text}")
  file(WRITE ${OUT}/${name}.md "${text}\n# SEE ALSO\n\n${see_also}\n")
  string(TOUPPER ${name} title)
  execute_process(
    COMMAND ${LOWDOWN} -s -Tman --out-no-smarty --parse-no-autolink -m title=${title} -m section=1 -m date=${DATE} -m "source=cutover ${VERSION}"
      -m "volume=User Commands" ${OUT}/${name}.md
    OUTPUT_VARIABLE page COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE ${OUT}/${name}.md)
  # What every renderer of man pages knows: bold instead of a font of fixed width, headings on a line of their own.
  string(REPLACE "\\fC" "\\fB" page "${page}")
  string(REGEX REPLACE "\n\\.S([HS])\n([^\n]*)\n\\.[LP]P\n" "\n.S\\1 \\2\n" page "${page}")
  string(REGEX REPLACE "\n\\.S([HS])\n([^\n]*)\n" "\n.S\\1 \\2\n" page "${page}")
  file(WRITE ${OUT}/${name}.1 "${page}")
endfunction()

set(commands "")
foreach(manual IN LISTS manuals)
  file(READ ${manual} text)
  purpose_of("${text}" purpose)
  get_filename_component(command ${manual} NAME_WE)
  string(APPEND commands "- `${command}`: ${purpose}\n")
  set(others "**cutover**(1)")
  foreach(other IN LISTS manuals)
    get_filename_component(other ${other} NAME_WE)
    if(NOT other STREQUAL command)
      string(APPEND others ", **cutover-${other}**(1)")
    endif()
  endforeach()
  page_of("${text}" cutover-${command} "${others}")
endforeach()

set(all "")
foreach(manual IN LISTS manuals)
  get_filename_component(command ${manual} NAME_WE)
  list(APPEND all "**cutover-${command}**(1)")
endforeach()
list(JOIN all ", " all)
file(READ ${SOURCE}/docs/man/cutover.md text)
string(REPLACE "@COMMANDS@" "${commands}" text "${text}")
page_of("${text}" cutover "${all}")
