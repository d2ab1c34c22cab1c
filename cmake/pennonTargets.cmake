# The targets of Pennon, in the build tree and where it is installed.

# What the static library needs: as `cargo rustc --crate-type staticlib -- --print native-static-libs` says.
set(PENNON_NATIVE_LIBRARIES gcc_s util rt pthread m dl)

# pennon_add_targets(INCLUDE_DIR LIBRARY_DIR VERSION ABI [GLOBAL]): pennon::shared, pennon::static and pennon::pennon, which
# is the shared library unless PENNON_STATIC is on.
function(pennon_add_targets include_dir library_dir version abi)
    add_library(pennon::shared SHARED IMPORTED ${ARGN})
    set_target_properties(pennon::shared PROPERTIES
        IMPORTED_LOCATION "${library_dir}/libpennon.so.${version}"
        IMPORTED_SONAME "libpennon.so.${abi}"
        INTERFACE_INCLUDE_DIRECTORIES "${include_dir}")

    add_library(pennon::static STATIC IMPORTED ${ARGN})
    set_target_properties(pennon::static PROPERTIES
        IMPORTED_LOCATION "${library_dir}/libpennon.a"
        IMPORTED_LINK_INTERFACE_LANGUAGES C
        INTERFACE_INCLUDE_DIRECTORIES "${include_dir}"
        INTERFACE_LINK_LIBRARIES "${PENNON_NATIVE_LIBRARIES}")

    # No alias: CMake before 3.18 has none of targets that are not global.
    add_library(pennon::pennon INTERFACE IMPORTED ${ARGN})
    if(PENNON_STATIC)
        set(chosen pennon::static)
    else()
        set(chosen pennon::shared)
    endif()
    set_target_properties(pennon::pennon PROPERTIES INTERFACE_LINK_LIBRARIES "${chosen}")
endfunction()
