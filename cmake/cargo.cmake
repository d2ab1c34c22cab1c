# Builds the libraries with cargo and puts them into the build tree under the names that they are installed with.

file(READ "${CMAKE_CURRENT_SOURCE_DIR}/src/version.rs" PENNON_ABI)
if(NOT PENNON_ABI MATCHES "\npub const ABI_VERSION: u32 = ([0-9]+)")
    message(FATAL_ERROR "src/version.rs does not state ABI_VERSION")
endif()
set(PENNON_ABI "${CMAKE_MATCH_1}")

# Cargo's directory of a profile has the profile's name but for the built-in ones.
set(PENNON_PROFILE_DIR "${PENNON_CARGO_PROFILE}")
if(PENNON_CARGO_PROFILE MATCHES "^(dev|test)$")
    set(PENNON_PROFILE_DIR debug)
elseif(PENNON_CARGO_PROFILE STREQUAL "bench")
    set(PENNON_PROFILE_DIR release)
endif()
set(PENNON_CARGO_ARGUMENTS build --locked --lib --package pennon --profile "${PENNON_CARGO_PROFILE}"
    --target-dir "${PENNON_CARGO_TARGET_DIR}")
if(NOT PENNON_MODULES)
    list(APPEND PENNON_CARGO_ARGUMENTS --no-default-features)
endif()
set(PENNON_CARGO_OUTPUT "${PENNON_CARGO_TARGET_DIR}/${PENNON_PROFILE_DIR}")
if(PENNON_CARGO_TARGET)
    list(APPEND PENNON_CARGO_ARGUMENTS --target "${PENNON_CARGO_TARGET}")
    set(PENNON_CARGO_OUTPUT "${PENNON_CARGO_TARGET_DIR}/${PENNON_CARGO_TARGET}/${PENNON_PROFILE_DIR}")
endif()

set(PENNON_LIBRARY_DIR "${CMAKE_CURRENT_BINARY_DIR}/lib")
set(PENNON_SHARED_LIBRARY "${PENNON_LIBRARY_DIR}/libpennon.so.${PROJECT_VERSION}")
set(PENNON_STATIC_LIBRARY "${PENNON_LIBRARY_DIR}/libpennon.a")
set(PENNON_LINKS "${PENNON_LIBRARY_DIR}/libpennon.so.${PENNON_ABI}" "${PENNON_LIBRARY_DIR}/libpennon.so")

# Always run: cargo knows what is stale. Copied, so that another build in the target directory changes nothing here, and
# only where it differs, so that programs are not linked anew. From the source directory, where rustup finds the toolchain.
add_custom_target(pennon_cargo ALL
    COMMAND "${CARGO}" ${PENNON_CARGO_ARGUMENTS}
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${PENNON_LIBRARY_DIR}"
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${PENNON_CARGO_OUTPUT}/libpennon.so" "${PENNON_SHARED_LIBRARY}"
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${PENNON_CARGO_OUTPUT}/libpennon.a" "${PENNON_STATIC_LIBRARY}"
    COMMAND "${CMAKE_COMMAND}" -E create_symlink "libpennon.so.${PROJECT_VERSION}"
            "${PENNON_LIBRARY_DIR}/libpennon.so.${PENNON_ABI}"
    COMMAND "${CMAKE_COMMAND}" -E create_symlink "libpennon.so.${PENNON_ABI}" "${PENNON_LIBRARY_DIR}/libpennon.so"
    BYPRODUCTS "${PENNON_SHARED_LIBRARY}" "${PENNON_STATIC_LIBRARY}"
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
    COMMENT "Building pennon with cargo (profile ${PENNON_CARGO_PROFILE})"
    USES_TERMINAL VERBATIM)

pennon_add_targets("${CMAKE_CURRENT_SOURCE_DIR}/include" "${PENNON_LIBRARY_DIR}" "${PROJECT_VERSION}" "${PENNON_ABI}" GLOBAL)
add_dependencies(pennon::shared pennon_cargo)
add_dependencies(pennon::static pennon_cargo)
