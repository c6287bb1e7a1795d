#include "core/etcd/members.h"

#include <utility>

#include "core/base/assert.h"
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
  if (!parsed || member.id() == 0 || members_.count(base::MemberId(member.id())) != 0) {
    status_ = base::fail(base::Code::damaged, "row " + std::to_string(row.id) + " of the bucket `members` is no member");
    return;
  }
  const base::MemberId id(member.id());
  members_.emplace(id, std::move(member));
  rows_.emplace(id, Stored{row.id, hash(row)});
  last_row_ = row.id;
}

void Members::publish(const membershippb::Member& member) {
  ASSERT(member.id() != 0);
  const base::MemberId id(member.id());
  const auto known = members_.find(id);
  if (known == members_.end()) {
    members_.emplace(id, member);
    rows_.emplace(id, Stored{++last_row_, {}});
  } else {
    *known->second.mutable_member_attributes() = member.member_attributes();
  }
  Stored& stored = rows_.at(id);
  sqlite::Row row{sqlite::Bucket::members, stored.row, 0, 0, members_.at(id).SerializeAsString()};
  const base::Hash128 replaced = stored.hash;
  stored.hash = hash(row);
  backend_.put(std::move(row), known == members_.end() ? nullptr : &replaced);
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
