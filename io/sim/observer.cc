#include "io/sim/observer.h"

#include <variant>

#include "core/base/overloaded.h"

namespace io::sim {

void Observer::on_event(const io::Event& event) {
  if (life_.is_dead) return;
  life_.host.note(event.index());
  if (observation_.listener != nullptr) observation_.listener->on_event(life_.host.name(), life_.host.now(), event);
}

void Observer::reached(base::Mark mark) {
  if (!life_.is_dead) observation_.marks.add(mark);
}

void Observer::log(io::Level level, std::string_view message, std::span<const io::LogField> fields) {
  if (life_.is_dead || !observation_.keeps_log) return;
  std::string text(message);
  for (const io::LogField& field : fields) {
    text += ' ';
    text += field.key;
    text += '=';
    std::visit(base::Overloaded{[&](std::string_view value) { text += value; },
                                [&](std::int64_t value) { text += std::to_string(value); },
                                [&](bool value) { text += value ? "true" : "false"; }},
               field.value);
  }
  observation_.log.push_back({life_.host.now(), level, std::move(text)});
}

}  // namespace io::sim
