# libhookbus: the C client library, shared and static, with nothing visible but hookbus_*.
add_library(hb_client OBJECT client.c client_entry.c client_options.c client_thread.c client_words.c)
target_link_libraries(hb_client PUBLIC hb_flags)

set(HB_CLIENT_PARTS $<TARGET_FILE:hb_kafka> $<TARGET_FILE:hb_core>)
set(HB_CLIENT_MAP "${CMAKE_CURRENT_SOURCE_DIR}/libhookbus.map")

add_library(libhookbus SHARED $<TARGET_OBJECTS:hb_client>)
target_link_libraries(libhookbus PRIVATE hb_flags hb_kafka hb_core Threads::Threads)
target_link_options(libhookbus PRIVATE "-Wl,--version-script=${HB_CLIENT_MAP}" -Wl,--exclude-libs,ALL)
set_target_properties(libhookbus PROPERTIES OUTPUT_NAME hookbus VERSION ${PROJECT_VERSION} SOVERSION 0 LINK_DEPENDS "${HB_CLIENT_MAP}")

# The static one is a single object in which our own rooms are already linked, so that their names can be hidden in it.
set(HB_CLIENT_ARCHIVE "${CMAKE_CURRENT_BINARY_DIR}/libhookbus.a")
add_custom_command(
    OUTPUT "${HB_CLIENT_ARCHIVE}"
    COMMAND ${CMAKE_LINKER} -r -o libhookbus-all.o $<TARGET_OBJECTS:hb_client> ${HB_CLIENT_PARTS}
    COMMAND ${CMAKE_OBJCOPY} --wildcard "--keep-global-symbol=hookbus_*" libhookbus-all.o libhookbus-public.o
    COMMAND ${CMAKE_COMMAND} -E rm -f libhookbus.a
    COMMAND ${CMAKE_AR} rcs libhookbus.a libhookbus-public.o
    DEPENDS hb_client hb_kafka hb_core $<TARGET_OBJECTS:hb_client>
    WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}"
    COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(libhookbus_static ALL DEPENDS "${HB_CLIENT_ARCHIVE}")

# The example as it stands in examples/, against the library of this tree.
add_executable(example_publish_orders "${CMAKE_SOURCE_DIR}/examples/publish_orders.c")
target_include_directories(example_publish_orders PRIVATE "${CMAKE_SOURCE_DIR}/include")
target_link_libraries(example_publish_orders PRIVATE libhookbus)
# The sanitizers' run time, which clang puts into programs only. Not the warnings: the example is compiled as a customer would.
target_link_options(example_publish_orders PRIVATE $<TARGET_PROPERTY:hb_flags,INTERFACE_LINK_OPTIONS>)

# From the folder of the .pc file up to the prefix.
file(RELATIVE_PATH HB_PC_UP "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/p")

# `cmake --install BUILD --component libhookbus --prefix DIR`: only this library.
set(HB_INSTALL_CMAKE "${CMAKE_INSTALL_LIBDIR}/cmake/hookbus")
configure_file(hookbus.pc.in hookbus.pc @ONLY)
include(CMakePackageConfigHelpers)
configure_package_config_file(hookbusConfig.cmake.in hookbusConfig.cmake INSTALL_DESTINATION ${HB_INSTALL_CMAKE}
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(hookbusConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(TARGETS libhookbus LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libhookbus NAMELINK_COMPONENT libhookbus)
install(FILES "${HB_CLIENT_ARCHIVE}" DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libhookbus)
install(FILES "${CMAKE_SOURCE_DIR}/include/hookbus/producer.h" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/hookbus COMPONENT libhookbus)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/hookbus.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT libhookbus)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/hookbusConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/hookbusConfigVersion.cmake"
    DESTINATION ${HB_INSTALL_CMAKE} COMPONENT libhookbus)
