# Installs header, libraries, CMake package and pkg-config file; what is installed can be moved as a whole.

include(CMakePackageConfigHelpers)

set(PENNON_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/pennon")
set(PENNON_PACKAGE_DIR "${CMAKE_CURRENT_BINARY_DIR}/package")

configure_package_config_file("${CMAKE_CURRENT_SOURCE_DIR}/cmake/pennonConfig.cmake.in" "${PENNON_PACKAGE_DIR}/pennonConfig.cmake"
    INSTALL_DESTINATION "${PENNON_CMAKE_DIR}"
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)

# Before 1.0 a minor version may break programs.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(PENNON_COMPATIBILITY SameMinorVersion)
else()
    set(PENNON_COMPATIBILITY SameMajorVersion)
endif()
write_basic_package_version_file("${PENNON_PACKAGE_DIR}/pennonConfigVersion.cmake" COMPATIBILITY ${PENNON_COMPATIBILITY})

# The prefix as seen from the .pc file, so that the files may be moved.
file(RELATIVE_PATH PENNON_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" PENNON_PC_PREFIX "${PENNON_PC_PREFIX}")
foreach(directory LIBDIR INCLUDEDIR)
    set(PENNON_PC_${directory} "${CMAKE_INSTALL_${directory}}")
    if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_${directory}}")
        set(PENNON_PC_${directory} "\${prefix}/${CMAKE_INSTALL_${directory}}")
    endif()
endforeach()
list(TRANSFORM PENNON_NATIVE_LIBRARIES PREPEND -l OUTPUT_VARIABLE PENNON_PC_NATIVE_LIBRARIES)
list(JOIN PENNON_PC_NATIVE_LIBRARIES " " PENNON_PC_NATIVE_LIBRARIES)
configure_file("${CMAKE_CURRENT_SOURCE_DIR}/cmake/pennon.pc.in" "${PENNON_PACKAGE_DIR}/pennon.pc" @ONLY)

install(FILES "${CMAKE_CURRENT_SOURCE_DIR}/include/pennon.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(PROGRAMS "${PENNON_SHARED_LIBRARY}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES ${PENNON_LINKS} "${PENNON_STATIC_LIBRARY}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES "${PENNON_PACKAGE_DIR}/pennonConfig.cmake" "${PENNON_PACKAGE_DIR}/pennonConfigVersion.cmake"
        "${CMAKE_CURRENT_SOURCE_DIR}/cmake/pennonTargets.cmake" DESTINATION "${PENNON_CMAKE_DIR}")
install(FILES "${PENNON_PACKAGE_DIR}/pennon.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES "${CMAKE_CURRENT_SOURCE_DIR}/LICENSE" "${CMAKE_CURRENT_SOURCE_DIR}/THIRD_PARTY_LICENSES"
        DESTINATION "${CMAKE_INSTALL_DOCDIR}")
