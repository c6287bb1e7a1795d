#include "property_tests/differential/run.h"

#include <algorithm>
#include <utility>

#include "core/base/overloaded.h"
#include "property_tests/differential/build.h"
#include "property_tests/differential/expected.h"

namespace property_tests::differential {

namespace {

std::string side_by_side(const Answers& answers) {
  return "  ours: " + to_text(answers.ours) + "\n  etcd: " + to_text(answers.theirs) + "\n";
}

// 0 when the answer has none.
std::int64_t revision_of(const Answer& answer) {
  return std::visit(base::Overloaded{[](std::monostate) { return std::int64_t{0}; },
                                     [](const auto& response) { return static_cast<std::int64_t>(response.header().revision()); }},
                    answer.body);
}

bool meets(const Claim& claim, const Answer& answer) {
  return claim.error.empty() ? answer.ok() : answer.status.message == claim.error;
}

}  // namespace

std::optional<Difference> Run::step(const Step& step) {
  const Request meant = resolved(step.request, before_.known);
  const Request sent = is_calibration_ ? for_reference(meant) : meant;
  if (sent.kind == Kind::hash_kv && is_compacting_) {
    if (std::optional<Difference> difference = wait_for_compaction()) return difference;
  }
  const Answers answers = servers_.ask(sent, for_reference(sent));
  if (std::optional<Difference> difference = compare(step, sent, answers)) {
    difference->what += servers_.health();
    return difference;
  }
  const std::int64_t newest = before_.known.newest;
  learn(sent, answers.theirs);
  return before_.known.newest != newest ? compare_stores(sent) : std::nullopt;
}

std::optional<Difference> Run::compare(const Step& step, const Request& sent, const Answers& answers) {
  const Judgement judgement = is_calibration_ ? judge_equality(answers) : judge(sent, answers);
  if (judgement.verdict == Verdict::different) return Difference{side_by_side(answers), sent};
  if (step.claim && !meets(*step.claim, answers.ours)) {
    const std::string row(step.claim->row);
    return Difference{"  not what the behaviour reference says, `" + row + "`:\n" + side_by_side(answers), sent};
  }
  if (coverage_ == nullptr) return std::nullopt;
  if (step.claim) coverage_->count(step.claim->row);
  if (judgement.verdict == Verdict::expected) coverage_->count("expected difference: " + std::string(judgement.expected->name));
  observe(before_, sent, sent.kind == Kind::range_stream ? answers.ours : answers.theirs, *coverage_);
  return std::nullopt;
}

void Run::learn(const Request& sent, const Answer& theirs) {
  before_.known.newest = std::max(before_.known.newest, revision_of(theirs));
  if (const auto* compact = std::get_if<etcdserverpb::CompactionRequest>(&sent.body); compact != nullptr && theirs.ok()) {
    before_.known.compacted = compact->revision();
    is_compacting_ = !compact->physical();
  }
}

std::optional<Difference> Run::wait_for_compaction() {
  etcdserverpb::CompactionRequest again;
  again.set_revision(before_.known.compacted);
  again.set_physical(true);
  const Request barrier = request(Kind::compact, again);
  const Answers answers = servers_.ask(barrier, barrier);
  is_compacting_ = false;
  if (answers.ours == answers.theirs) return std::nullopt;
  return Difference{"  the barrier behind a compaction is answered differently:\n" + side_by_side(answers), barrier};
}

std::optional<Difference> Run::compare_stores(const Request& sent) {
  const Request all = request(Kind::range, range(kOpenEnd, kOpenEnd));
  const Answers answers = servers_.ask(all, all);
  if (!(answers.ours == answers.theirs)) {
    return Difference{"  equal answers, and then the stores differ:\n" + side_by_side(answers) + servers_.health(), sent};
  }
  before_.known.live.clear();
  const auto* response = answers.theirs.get<etcdserverpb::RangeResponse>();
  if (response == nullptr) return Difference{"  the stores cannot be read:\n" + side_by_side(answers), sent};
  for (const mvccpb::KeyValue& kv : response->kvs()) {
    before_.known.live[kv.key()] = kv;
    before_.once_live.insert(kv.key());
  }
  return std::nullopt;
}

}  // namespace property_tests::differential
