#include "property_tests/differential/member_names.h"

#include <algorithm>

#include "core/base/overloaded.h"

namespace property_tests::differential {

namespace {

using etcdserverpb::Member;
using etcdserverpb::MemberAddRequest;
using etcdserverpb::MemberAddResponse;
using etcdserverpb::MemberPromoteRequest;
using etcdserverpb::MemberRemoveRequest;
using etcdserverpb::MemberUpdateRequest;

std::string first_url(const Member& member) { return member.peerurls_size() == 0 ? "" : member.peerurls(0); }

template <typename Body, typename Use>
void use_members(Body& body, const Use& use) {
  std::visit([&](auto& each) {
    if constexpr (requires { each.members(); }) use(each);
  }, body);
}

}  // namespace

void MemberNames::add_url(const std::string& word, const std::string& url) {
  url_by_word_[word] = url;
  word_by_url_[url] = word;
}

std::string MemberNames::url(const std::string& word) const {
  const auto found = url_by_word_.find(word);
  return found == url_by_word_.end() ? word : found->second;
}

std::uint64_t MemberNames::real_id(std::uint64_t number) const {
  return number >= 1 && number <= ids_.size() ? ids_[number - 1] : number;
}

std::uint64_t MemberNames::number_of(std::uint64_t id) const {
  const auto found = std::find(ids_.begin(), ids_.end(), id);
  return found == ids_.end() ? 0 : static_cast<std::uint64_t>(found - ids_.begin()) + 1;
}

void MemberNames::replace(Urls& urls, const std::map<std::string, std::string>& by) const {
  for (std::string& each : urls) {
    const auto found = by.find(each);
    if (found != by.end()) each = found->second;
  }
}

Request MemberNames::to_real(Request request) const {
  std::visit(base::Overloaded{
                 [](auto& other) { static_cast<void>(other); },
                 [&](MemberAddRequest& add) { replace(*add.mutable_peerurls(), url_by_word_); },
                 [&](MemberRemoveRequest& remove) { remove.set_id(real_id(remove.id())); },
                 [&](MemberUpdateRequest& update) {
                   update.set_id(real_id(update.id()));
                   replace(*update.mutable_peerurls(), url_by_word_);
                 },
                 [&](MemberPromoteRequest& promote) { promote.set_id(real_id(promote.id())); },
             },
             request.body);
  return request;
}

// The order of the URLs is part of the answer, also where ports sort them in another order than words would.
void MemberNames::replace(Member& member) {
  member.set_id(number_of(member.id()));
  replace(*member.mutable_peerurls(), word_by_url_);
  replace(*member.mutable_clienturls(), word_by_url_);
}

bool MemberNames::replace(Members& members) {
  const bool is_sorted = std::is_sorted(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.id() < b.id(); });
  for (Member& each : members) replace(each);
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.id() < b.id(); });
  return is_sorted;
}

void MemberNames::note(const Members& members) {
  std::vector<std::pair<std::string, std::uint64_t>> fresh;
  for (const Member& each : members) {
    if (number_of(each.id()) != 0) continue;
    Member named = each;
    replace(named);
    fresh.emplace_back(first_url(named), each.id());
  }
  std::sort(fresh.begin(), fresh.end());
  for (const auto& [url, id] : fresh) ids_.push_back(id);
}

Answer MemberNames::to_words(Answer answer) {
  bool is_sorted = true;
  use_members(answer.body, [&](auto& response) {
    note(response.members());
    is_sorted = replace(*response.mutable_members());
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(response)>, MemberAddResponse>) {
      if (response.has_member()) replace(*response.mutable_member());
    }
  });
  if (!is_sorted) return {{rpc::StatusCode::internal, "the members are not in the order of their ids"}, {}};
  return answer;
}

const google::protobuf::RepeatedPtrField<Member>* members_in(const Answer& answer) {
  const google::protobuf::RepeatedPtrField<Member>* found = nullptr;
  use_members(answer.body, [&](const auto& response) { found = &response.members(); });
  return found;
}

}  // namespace property_tests::differential
