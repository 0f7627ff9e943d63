# An overlay port: `vcpkg install "zigmund[http]" --overlay-ports=packaging/vcpkg` builds the sources that it lies in.
cmake_path(SET SOURCE_PATH NORMALIZE "${CURRENT_PORT_DIR}/../../..")

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
    FEATURES
        http ZIGMUND_HTTP
)

# The triplet says whether the libraries are static or shared: one of both is installed.
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${FEATURE_OPTIONS}
        -DZIGMUND_SHARED=OFF
        -DZIGMUND_TESTS=OFF
        -DZIGMUND_EXAMPLES=OFF
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/zigmund)
vcpkg_fixup_pkgconfig()
vcpkg_copy_tools(TOOL_NAMES zigmund-leaks AUTO_CLEAN)

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CURRENT_PORT_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
