#include "property_tests/differential/shrink.h"

#include <algorithm>
#include <google/protobuf/message.h>
#include <utility>

#include "core/base/overloaded.h"

namespace property_tests::differential {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

class Shrinker {
 public:
  Shrinker(std::vector<Step> steps, StillFails& still_fails, std::size_t questions_max)
      : steps_(std::move(steps)), still_fails_(still_fails), questions_left_(questions_max) {}

  std::vector<Step> run() {
    take_out();
    simplify();
    take_out();
    return std::move(steps_);
  }

 private:
  bool adopt_if_failing(std::vector<Step> candidate) {
    if (questions_left_ == 0) return false;
    --questions_left_;
    if (!still_fails_(candidate)) return false;
    steps_ = std::move(candidate);
    return true;
  }

  void take_out() {
    for (std::size_t size = std::max<std::size_t>(steps_.size() / 2, 1);; size /= 2) {
      // From the end: what came last is most likely needed, what came first is tried at the end.
      for (std::size_t end = steps_.size(); end > 0;) {
        const std::size_t begin = end > size ? end - size : 0;
        if (steps_.size() > 1 && steps_.size() > end - begin) {
          std::vector<Step> candidate(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(begin));
          candidate.insert(candidate.end(), steps_.begin() + static_cast<std::ptrdiff_t>(end), steps_.end());
          adopt_if_failing(std::move(candidate));
        }
        end = begin;
      }
      if (size == 1) return;
    }
  }

  void simplify() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      while (simplify_one(i)) {
      }
    }
  }

  bool simplify_one(std::size_t index) {
    for (Request& request : simpler(steps_[index].request)) {
      std::vector<Step> candidate = steps_;
      candidate[index].request = std::move(request);
      candidate[index].claim.reset();  // it was about the whole of the request
      if (adopt_if_failing(std::move(candidate))) return true;
    }
    return false;
  }

  std::vector<Step> steps_;
  StillFails& still_fails_;
  std::size_t questions_left_;
};

// Calls `use` with the message changed in one way after another, and leaves it as it was. The whole of a repeated
// field goes first, then one element at a time, then what is within.
template <typename Use>
void each_simpler(Message& message, const Use& use) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::unique_ptr<Message> saved(message.New());
    saved->CopyFrom(message);
    reflection.ClearField(&message, field);
    use();
    message.CopyFrom(*saved);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      each_simpler(*reflection.MutableMessage(&message, field), use);
      continue;
    }
    const int size = reflection.FieldSize(message, field);
    for (int i = 0; i < size; ++i) {
      reflection.SwapElements(&message, field, i, size - 1);
      reflection.RemoveLast(&message, field);
      use();
      message.CopyFrom(*saved);
    }
    for (int i = 0; i < size; ++i) each_simpler(*reflection.MutableRepeatedMessage(&message, field, i), use);
  }
}

}  // namespace

std::vector<Request> simpler(const Request& request) {
  std::vector<Request> out;
  Request changing = request;
  const auto note = [&] { out.push_back(changing); };
  std::visit(base::Overloaded{[](Raw&) {}, [&](Message& message) { each_simpler(message, note); }}, changing.body);
  return out;
}

std::vector<Step> shrink(std::vector<Step> steps, StillFails& still_fails, std::size_t questions_max) {
  return Shrinker(std::move(steps), still_fails, questions_max).run();
}

}  // namespace property_tests::differential
