# Installs the build in BUILD into STAGE, moves it, and looks at what was installed. Run with `cmake -P`.

set(first "${STAGE}/first")
set(prefix "${STAGE}/moved")
file(REMOVE_RECURSE "${STAGE}")

# Moved, because a package is built in one place and used in another.
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${first}" RESULT_VARIABLE status OUTPUT_QUIET)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "installing failed: ${status}")
endif()
file(RENAME "${first}" "${prefix}")

foreach(file include/pennon.h ${LIBRARY_DIR}/libpennon.so ${LIBRARY_DIR}/libpennon.so.${ABI} ${LIBRARY_DIR}/libpennon.so.${VERSION}
        ${LIBRARY_DIR}/libpennon.a ${LIBRARY_DIR}/pkgconfig/pennon.pc ${LIBRARY_DIR}/cmake/pennon/pennonConfig.cmake
        ${LIBRARY_DIR}/cmake/pennon/pennonConfigVersion.cmake ${LIBRARY_DIR}/cmake/pennon/pennonTargets.cmake
        ${DOCUMENT_DIR}/LICENSE ${DOCUMENT_DIR}/THIRD_PARTY_LICENSES)
    if(NOT EXISTS "${prefix}/${file}")
        message(FATAL_ERROR "${file} is not installed")
    endif()
endforeach()

file(READ_SYMLINK "${prefix}/${LIBRARY_DIR}/libpennon.so" development)
file(READ_SYMLINK "${prefix}/${LIBRARY_DIR}/libpennon.so.${ABI}" runtime)
if(NOT development STREQUAL "libpennon.so.${ABI}" OR NOT runtime STREQUAL "libpennon.so.${VERSION}")
    message(FATAL_ERROR "links: libpennon.so is ${development}, libpennon.so.${ABI} is ${runtime}")
endif()

file(GLOB_RECURSE texts "${prefix}/*.h" "${prefix}/*.cmake" "${prefix}/*.pc" "${prefix}/*LICENSE*")
foreach(text ${texts})
    file(READ "${text}" content)
    foreach(place "${SOURCE}" "${BUILD}" "${STAGE}" "${first}" "$ENV{HOME}/")
        string(FIND "${content}" "${place}" position)
        if(NOT position EQUAL -1)
            message(FATAL_ERROR "${text} names ${place}")
        endif()
    endforeach()
endforeach()
