#include "core/etcd/members.h"

#include <utility>

#include "core/base/assert.h"
#include "core/etcd/group.h"
#include "core/etcd/version.h"

namespace etcd {

void Members::on_row(const sqlite::RowView& row) {
  ASSERT(row.bucket == sqlite::Bucket::members);
  if (row.id == 0) {
    const bool is_set = cluster_version_.ParseFromArray(row.value.data(), static_cast<int>(row.value.size()));
    if (!is_set || !parse_version(cluster_version_.ver())) {
      status_ = base::fail(base::Code::damaged, "row 0 of the bucket `members` is no cluster version");
    }
    cluster_version_hash_ = hash(row);
    return;
  }
  membershippb::Member member;
  const bool parsed = member.ParseFromArray(row.value.data(), static_cast<int>(row.value.size()));
  if (!parsed || member.id() == 0 || rows_.count(base::MemberId(member.id())) != 0) {
    status_ = base::fail(base::Code::damaged, "row " + std::to_string(row.id) + " of the bucket `members` is no member");
    return;
  }
  const base::MemberId id(member.id());
  if (member.has_raft_attributes() || member.has_member_attributes()) {
    members_.emplace(id, std::move(member));
  } else {
    removed_.insert(id);
  }
  rows_.emplace(id, Stored{row.id, hash(row)});
  last_row_ = row.id;
}

void Members::publish(const membershippb::Member& member) {
  ASSERT(member.id() != 0);
  const base::MemberId id(member.id());
  if (is_removed(id)) return;
  const auto known = members_.find(id);
  if (known == members_.end()) {
    members_.emplace(id, member);
  } else {
    *known->second.mutable_member_attributes() = member.member_attributes();
  }
  write(id, members_.at(id));
}

void Members::follow(const raft::Configuration& configuration) {
  for (const raft::Member& one : configuration.members) {
    base::Result<membershippb::Member> context = context_of(one);
    if (!context || is_removed(one.id)) continue;
    membershippb::Member& member = members_[one.id];
    const std::string before = member.SerializeAsString();
    member.set_id(one.id.value());
    *member.mutable_raft_attributes() = std::move(*context->mutable_raft_attributes());
    if (member.SerializeAsString() != before) write(one.id, member);
  }
  for (auto member = members_.begin(); member != members_.end();) {
    if (configuration.find(member->first) != nullptr) {
      ++member;
      continue;
    }
    removed_.insert(member->first);
    membershippb::Member gone;
    gone.set_id(member->first.value());
    write(member->first, gone);
    member = members_.erase(member);
  }
}

void Members::write(base::MemberId id, const membershippb::Member& member) {
  const auto found = rows_.try_emplace(id);
  Stored& stored = found.first->second;
  const bool is_new = found.second;
  if (is_new) stored.row = ++last_row_;
  sqlite::Row row{sqlite::Bucket::members, stored.row, 0, 0, member.SerializeAsString()};
  const base::Hash128 replaced = stored.hash;
  stored.hash = hash(row);
  backend_.put(std::move(row), is_new ? nullptr : &replaced);
}

void Members::set_cluster_version(const membershippb::ClusterVersionSetRequest& request) {
  const std::optional<Version> version = parse_version(request.ver());
  ASSERT(version.has_value());
  const std::optional<Version> before = parse_version(cluster_version_.ver());
  if (before && *version <= *before) return;
  const base::Hash128 replaced = cluster_version_hash_;
  cluster_version_.set_ver(request.ver());
  sqlite::Row row{sqlite::Bucket::members, 0, 0, 0, cluster_version_.SerializeAsString()};
  cluster_version_hash_ = hash(row);
  backend_.put(std::move(row), before ? &replaced : nullptr);
}

}  // namespace etcd
