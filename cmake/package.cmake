# What is installed, and the Debian package made of it: ./dev package.
include(GNUInstallDirs)
install(TARGETS cutover RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
file(GLOB manuals CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cmd/*.md)
install(FILES ${manuals} DESTINATION ${CMAKE_INSTALL_DOCDIR}/manuals)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/docs/examples/cutover.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ${PROJECT_SOURCE_DIR}/docs/external-providers.md ${PROJECT_SOURCE_DIR}/docs/live-page.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(PROGRAMS ${PROJECT_SOURCE_DIR}/docs/examples/cutover-provider-flatzone
  ${PROJECT_SOURCE_DIR}/docs/examples/cutover-provider-lines ${PROJECT_SOURCE_DIR}/docs/examples/cutover-provider-nsupdate
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cutover)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
# Files are what their umask made them; a package's are readable by everybody.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "cutover maintainers <cutover@localhost>")
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
include(CPack)
