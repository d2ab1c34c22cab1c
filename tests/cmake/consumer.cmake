# add_consumers(LIBRARY...): a C and a C++ program that link these, as tests.
function(add_consumers)
    enable_testing()
    foreach(language c cpp)
        add_executable(consumer_${language} "${CMAKE_CURRENT_SOURCE_DIR}/../consumer.${language}")
        target_link_libraries(consumer_${language} PRIVATE ${ARGN})
        add_test(NAME consumer_${language} COMMAND consumer_${language})
    endforeach()
endfunction()
