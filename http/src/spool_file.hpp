// SpoolFile: a file without a name, for what is too large to stay in memory.
//
// Whatever happens to the process, nothing of it stays. Where the file system cannot make files without
// names, it gets one for a moment.
//
// Threads: one. Cost: system calls. Never: throws.
#pragma once

#include <string_view>

#include "file_descriptor.hpp"

namespace zigmund::http::inline v0 {

/// A new one in `directory`; empty: where TMPDIR says, or /tmp. Without a descriptor: errno says why.
[[nodiscard]] FileDescriptor open_spool_file(std::string_view directory) noexcept;

/// Makes a limit on the size of files an error, as a full disk is, and no signal that ends the process:
/// ignores SIGXFSZ, unless the program handles it.
void ignore_file_size_signal() noexcept;

/// Writes all of it at the file's end; false: errno says why.
[[nodiscard]] bool write_all(int descriptor, std::string_view bytes) noexcept;

}  // namespace zigmund::http::inline v0
