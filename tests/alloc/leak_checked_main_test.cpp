// run_leak_checked_tests, which is the main of this program.
#include <zigmund/alloc/testing/gtest.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory_resource>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace zigmund::alloc;
using namespace zigmund::alloc::testing;

[[gnu::noinline]] void* forget_a_block(Allocator a) {
    void* const p = a.allocate(24, 8);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call: the frame must be there
    return p;
}

class MemberOfAFixture : public LeakChecked {
  protected:
    std::pmr::vector<int> numbers_{allocator()};
};

TEST_F(MemberOfAFixture, IsGoneWhenTheCheckLooks) {
    numbers_.assign(100, 1);
    EXPECT_EQ(numbers_.get_allocator().resource(), &test_allocator().resource());
}

// Run once more by the last test, in a process of its own, where the first of them leaks.
TEST(Planted, LeaksABlock) {
    if (::getenv("ZIGMUND_PLANT_A_LEAK") != nullptr) (void)forget_a_block(test_allocator());
}
TEST(Planted, KeepsAStaticOfItsOwn) {
    static const std::string* const of_the_program = new std::string(100, 'x');
    EXPECT_EQ(of_the_program->size(), 100u);
}

/// What this program prints and returns when it runs the planted tests.
std::pair<int, std::string> run_planted_tests() {
    std::array<char, 4096> self{};
    const ssize_t length = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
    EXPECT_GT(length, 0);
    const std::string command = "ZIGMUND_PLANT_A_LEAK=1 '" + std::string{self.data()} +
                                "' --gtest_filter='Planted.*' --gtest_color=no --gtest_output= 2>&1";
    FILE* const pipe = ::popen(command.c_str(), "r");
    std::string output;
    std::array<char, 4096> part;
    std::size_t got = 0;
    while ((got = std::fread(part.data(), 1, part.size(), pipe)) > 0) output.append(part.data(), got);
    const int status = ::pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

TEST(RunLeakCheckedTests, BlamesTheTestThatLeakedAndNoOther) {
    const auto [status, output] = run_planted_tests();
    EXPECT_EQ(status, 1) << output;
    EXPECT_NE(output.find("zigmund: Planted.LeaksABlock: leak: 24 bytes in 1 block from 1 call site"),
              std::string::npos)
        << output;
    EXPECT_NE(output.find("[  FAILED  ] Planted.LeaksABlock"), std::string::npos) << output;
    EXPECT_NE(output.find("[       OK ] Planted.KeepsAStaticOfItsOwn"), std::string::npos) << output;
}

}  // namespace

int main(int argc, char** argv) { return run_leak_checked_tests(argc, argv); }
