// sim/etcd/answer_text.h: requests and answers on the wire as a human reads them, by the path of the call.
//
//   put k1 "c0-3.0|"      done, revision 12      2 keys at revision 12: k1 = "c0-3.0|" (of revision 9), …
#pragma once

#include <string>
#include <string_view>

namespace sim::etcd {

// Empty for a call that nobody here knows, or a message that cannot be read.
std::string request_words(std::string_view path, std::string_view message);
std::string answer_words(std::string_view path, std::string_view message);

}  // namespace sim::etcd
