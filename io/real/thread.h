// io/real/thread.h: a helper thread that no signal reaches.
#pragma once

#include <functional>
#include <string_view>
#include <thread>

namespace io::real {

// Signals are the loop's business (signals.h): every helper thread starts with all of them blocked. The
// kernel shows the first 15 bytes of `name`.
std::thread start_thread(std::string_view name, std::function<void()> body);

}  // namespace io::real
