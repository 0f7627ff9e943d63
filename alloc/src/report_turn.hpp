// ReportTurn: errors that threads find at the same time are told one after the other, each whole.
//
// Who ends the process after its report keeps the turn: others wait, and no report is cut off in the middle of a
// line. Nobody waits for longer than two seconds: a handler of the end's signal may go on for ever. Threads: any;
// also within a signal's handler. Never: allocates.
#pragma once

#include <sys/types.h>

namespace zigmund::alloc::inline v0::detail {

class ReportTurn {
  public:
    /// Waits for it. A thread that has it already goes on: it found an error while it told of one.
    ReportTurn() noexcept;
    ReportTurn(const ReportTurn&) = delete;
    ReportTurn& operator=(const ReportTurn&) = delete;
    /// The next one's, unless it is kept.
    ~ReportTurn();

    void keep() noexcept { is_new_ = false; }

  private:
    bool is_new_;
};

}  // namespace zigmund::alloc::inline v0::detail
