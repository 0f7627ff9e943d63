// Random sequences of every verb, with a model of what must be live after each.
#pragma once

#include <zigmund/alloc/resource.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <span>
#include <vector>

namespace zigmund::alloc::inline v0::testing {

struct RandomVerbs {
    struct Live {
        std::size_t bytes = 0;
        std::size_t blocks = 0;
    };

    std::size_t steps = 5000;
    std::size_t max_size = 300;
    std::size_t max_align = 64;
    std::uint32_t seed = 1;
    /// Called after every verb, whether it succeeded or was refused.
    std::function<void(const Live&)> check = [](const Live&) {};

    /// Frees everything at the end, and checks once more.
    void run(Resource& resource) {
        std::mt19937 random{seed};
        for (std::size_t step = 0; step < steps && !::testing::Test::HasFatalFailure(); ++step) {
            one_verb(resource, random);
            check(live_);
        }
        while (!blocks_.empty()) free(resource, random() % blocks_.size());
        check(live_);
    }

  private:
    struct Block {
        std::byte* p;
        std::size_t size;
        std::size_t align;
        std::byte tag;
    };

    void one_verb(Resource& resource, std::mt19937& random) {
        const auto verb = random() % 6;
        const std::size_t size = random() % (max_size + 1);
        if (verb < 2 || blocks_.empty()) {
            std::size_t align = 1;
            while (align < max_align && random() % 3 != 0) align *= 2;
            auto* const p = static_cast<std::byte*>(resource.try_allocate(size, align));
            if (p == nullptr) return;
            ASSERT_EQ(reinterpret_cast<std::uintptr_t>(p) % align, 0u);
            blocks_.push_back({p, size, align, static_cast<std::byte>(random())});
            live_.bytes += size;
            ++live_.blocks;
            fill(blocks_.back());
            return;
        }
        const std::size_t at = random() % blocks_.size();
        if (verb < 4) return free(resource, at);
        Block& block = blocks_[at];
        if (verb == 4) {
            if (!resource.resize(block.p, block.size, block.align, size)) return;
        } else {
            void* const p = resource.remap(block.p, block.size, block.align, size);
            if (p == nullptr) return;
            block.p = static_cast<std::byte*>(p);
        }
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block.p) % block.align, 0u);
        expect_intact(block, std::min(block.size, size));
        live_.bytes = live_.bytes - block.size + size;
        block.size = size;
        fill(block);
    }

    void free(Resource& resource, std::size_t at) {
        Block& block = blocks_[at];
        expect_intact(block, block.size);
        resource.deallocate(block.p, block.size, block.align);
        live_.bytes -= block.size;
        --live_.blocks;
        block = blocks_.back();
        blocks_.pop_back();
    }

    static void fill(const Block& block) {
        if (block.size != 0) std::memset(block.p, static_cast<int>(block.tag), block.size);
    }

    static void expect_intact(const Block& block, std::size_t size) {
        ASSERT_TRUE(
            std::ranges::all_of(std::span{block.p, size}, [&](std::byte b) { return b == block.tag; }));
    }

    std::vector<Block> blocks_;
    Live live_;
};

}  // namespace zigmund::alloc::inline v0::testing
