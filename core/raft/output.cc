#include "core/raft/raft.h"

namespace raft {

void Output::clear() {
  hard_state.reset();
  install.reset();
  entries.clear();
  after_persist.clear();
  messages.clear();
  snapshots.clear();
  reads.clear();
  proposal_refused = false;
  reads_refused.clear();
  marks.clear();
}

std::string to_text(const Output& output) {
  std::string out;
  if (output.hard_state) {
    const base::MemberId vote = output.hard_state->voted_for;
    out += "persist term " + to_text(output.hard_state->term) + (vote == base::MemberId::none ? "" : ", vote for " + to_text(vote)) + "\n";
  }
  if (output.install) out += "persist " + to_text(Message(*output.install)) + "\n";
  for (const base::Entry& entry : output.entries) out += "persist entry " + to_text(entry) + "\n";
  for (const Outbound& one : output.after_persist) out += "then to " + to_text(one.to) + ": " + to_text(one.message) + "\n";
  for (const Outbound& one : output.messages) out += "to " + to_text(one.to) + ": " + to_text(one.message) + "\n";
  for (const base::MemberId to : output.snapshots) out += "send a snapshot to " + to_text(to) + "\n";
  for (const ReadReady& ready : output.reads) out += "read " + std::to_string(ready.token.value) + " at index " + to_text(ready.index) + "\n";
  if (output.proposal_refused) out += "proposal refused\n";
  for (const ReadToken token : output.reads_refused) out += "read " + std::to_string(token.value) + " refused\n";
  return out;
}

}  // namespace raft
