#include "io/real/errors.h"

#include <cctype>
#include <cerrno>
#include <system_error>

namespace io::real {

namespace {

base::Code code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
      return base::Code::not_found;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return base::Code::no_space;
    default:
      return base::Code::io;
  }
}

}  // namespace

std::string reason_text(int error_number) {
  std::string text = std::generic_category().message(error_number);
  // `Address already in use` becomes lower case; `RPC struct is bad` keeps its abbreviation.
  const bool abbreviation = text.size() > 1 && std::isupper(static_cast<unsigned char>(text[1])) != 0;
  if (!text.empty() && !abbreviation) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

base::Error error_of(int error_number, std::string_view what) {
  return base::Error{code_of(error_number), std::string(what) + ": " + reason_text(error_number)};
}

}  // namespace io::real
