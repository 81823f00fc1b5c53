# What is installed, and the Debian package made of it: ./dev package.
include(GNUInstallDirs)

# Man pages of the manuals, and completions made by the program itself.
find_program(LOWDOWN lowdown REQUIRED)
string(TIMESTAMP page_date "%Y-%m-%d" UTC)  # or SOURCE_DATE_EPOCH's
file(GLOB manuals CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cmd/*.md)
set(pages ${CMAKE_BINARY_DIR}/man/cutover.1)
foreach(manual IN LISTS manuals)
  get_filename_component(command ${manual} NAME_WE)
  list(APPEND pages ${CMAKE_BINARY_DIR}/man/cutover-${command}.1)
endforeach()
set(page_maker ${PROJECT_SOURCE_DIR}/cmake/man_pages.cmake)
add_custom_command(OUTPUT ${pages}
  COMMAND ${CMAKE_COMMAND} -D SOURCE=${PROJECT_SOURCE_DIR} -D OUT=${CMAKE_BINARY_DIR}/man -D LOWDOWN=${LOWDOWN}
    -D VERSION=${PROJECT_VERSION} -D DATE=${page_date} -P ${page_maker}
  DEPENDS ${manuals} ${PROJECT_SOURCE_DIR}/docs/man/cutover.md ${page_maker} VERBATIM)
set(completions "")
foreach(shell bash zsh fish)
  set(script ${CMAKE_BINARY_DIR}/completions/cutover.${shell})
  add_custom_command(OUTPUT ${script}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/completions
    COMMAND cutover completion ${shell} > ${script} DEPENDS cutover VERBATIM)
  list(APPEND completions ${script})
endforeach()
# Debian wants both compressed, with no name and no time in them.
set(changelog ${CMAKE_BINARY_DIR}/changelog.gz)
add_custom_command(OUTPUT ${changelog}
  COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/packaging/changelog > ${changelog}
  DEPENDS ${PROJECT_SOURCE_DIR}/packaging/changelog VERBATIM)
set(compressed "")
foreach(page IN LISTS pages)
  add_custom_command(OUTPUT ${page}.gz COMMAND gzip -9nc ${page} > ${page}.gz DEPENDS ${page} VERBATIM)
  list(APPEND compressed ${page}.gz)
endforeach()
add_custom_target(companions ALL DEPENDS ${pages} ${compressed} ${completions} ${changelog})

install(TARGETS cutover RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${compressed} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${CMAKE_BINARY_DIR}/completions/cutover.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME cutover)
install(FILES ${CMAKE_BINARY_DIR}/completions/cutover.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _cutover)
install(FILES ${CMAKE_BINARY_DIR}/completions/cutover.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/NOTICE ${PROJECT_SOURCE_DIR}/packaging/copyright ${changelog}
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} USE_SOURCE_PERMISSIONS PATTERN man EXCLUDE)
# Units are looked for in lib, whatever the machine's own library folder is called.
install(FILES ${PROJECT_SOURCE_DIR}/packaging/cutover-run@.service ${PROJECT_SOURCE_DIR}/packaging/cutover-lower-ttl@.service
  ${PROJECT_SOURCE_DIR}/packaging/cutover-lower-ttl@.timer DESTINATION lib/systemd/system)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cutover)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
# Files are what their umask made them; a package's are readable by everybody.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "cutover maintainers <maintainers@cutover.invalid>")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "move live names from an old side to a new side without an outage
Lowers TTLs ahead of time, proves the new side's certificates before any DNS
change, swaps A, AAAA, CNAME and HTTPS records together, watches resolvers
until no cache can still hold the old answer, and puts everything back within
minutes when it has to.")
# The libraries are found by looking at the program; libcurl, time zones and root certificates come in while it runs.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, libcurl4, tzdata")
# What the undo scripts are run with, where the program is not.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "bind9-dnsutils")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "patch")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/postinst ${PROJECT_SOURCE_DIR}/packaging/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
