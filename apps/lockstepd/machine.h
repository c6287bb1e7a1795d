// apps/lockstepd/machine.h: what the daemon asks of its machine besides the world of the member.
#pragma once

#include <string>
#include <string_view>

namespace lockstepd {

// The address of the interface that the default route leaves by, empty without one. Sends nothing.
std::string default_host();

// Tells systemd, when it started us and wants to know (sd_notify(3)): `READY=1`.
void notify_supervisor(std::string_view state);

// Once, before anything large is allocated. A megabyte or more becomes a mapping of its own, which goes back to the machine as soon as
// it is freed. From the heap, the parts of an answer of a gigabyte would all go back at once, in one system call that
// holds everybody up for a tenth of a second and more.
void keep_heap_small();

// Ends the process by `signal`, so that whoever started it sees why; as process 1, where the kernel ignores that,
// with exit code 0 (behaviour reference §11.6).
[[noreturn]] void end_by_signal(int signal);

}  // namespace lockstepd
