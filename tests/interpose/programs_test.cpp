// Programs as Debian ships them run under the allocator as they run without it.
#include <gtest/gtest.h>

#include "process.hpp"

namespace {

using namespace zigmund::testing;

class Programs : public ::testing::TestWithParam<const char*> {
  protected:
    [[nodiscard]] static Words watched() {
        return {"LD_PRELOAD=" ZIGMUND_INTERPOSE, std::string{"ZIGMUND_ALLOC=tier="} + GetParam()};
    }
};

TEST_P(Programs, PythonForksStartsThreadsAndRunsPrograms) {
    constexpr const char* program = R"py(
import json, os, sqlite3, subprocess, threading
def work(n):
    table = {i: str(i) * 3 for i in range(n)}
    assert len(json.loads(json.dumps(table))) == n
threads = [threading.Thread(target=work, args=(2000,)) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
base = sqlite3.connect(":memory:")
base.execute("create table t(a, b)")
base.executemany("insert into t values(?, ?)", [(i, str(i)) for i in range(1000)])
print(base.execute("select sum(a) from t").fetchone()[0])
print(subprocess.run(["echo", "started"], capture_output=True).stdout.decode(), end="")
child = os.fork()
if child == 0:
    work(500)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
)py";
    const Ended ended = run({"/usr/bin/python3", "-c", program}, watched());
    EXPECT_EQ(ended.err, "");
    EXPECT_EQ(ended.out, "499500\nstarted\n7\n");
    EXPECT_EQ(ended.status, 0);
}

INSTANTIATE_TEST_SUITE_P(Tiers, Programs, ::testing::Values("off", "sampled", "counted", "traced", "guarded"),
                         [](const auto& tier) { return std::string{tier.param}; });

}  // namespace
