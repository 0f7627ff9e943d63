// Multipart forms as clients write them.
#pragma once

#include <string>
#include <string_view>

namespace multipart_text {

inline constexpr std::string_view multipart = "multipart/form-data; boundary=XyZ";

inline std::string part(std::string_view disposition, std::string_view contents,
                        std::string_view fields = "") {
    return std::string{"--XyZ\r\nContent-Disposition: form-data; "}
        .append(disposition)
        .append("\r\n")
        .append(fields)
        .append("\r\n")
        .append(contents)
        .append("\r\n");
}
inline const std::string closing = "--XyZ--\r\n";

inline std::string value(std::string_view name, std::string_view text) {
    return part(std::string{"name=\""}.append(name).append("\""), text);
}
inline std::string file(std::string_view name, std::string_view filename, std::string_view contents) {
    return part(std::string{"name=\""}.append(name).append("\"; filename=\"").append(filename).append("\""),
                contents, "Content-Type: text/plain\r\n");
}

}  // namespace multipart_text
