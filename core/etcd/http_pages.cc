#include "core/etcd/http_pages.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/ids.h"
#include "core/etcd/member_list.h"
#include "core/etcd/version.h"

namespace etcd {

namespace {

using Json = nlohmann::ordered_json;

// Names and URLs are what somebody once typed: what is no UTF-8 is replaced, as Go does.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void respond_json(rpc::HttpCall& call, std::string body, std::vector<rpc::HttpHeader> headers = {}) {
  rpc::HttpResponse response;
  response.content_type = "application/json";
  response.headers = std::move(headers);
  response.body = std::move(body);
  call.respond(std::move(response));
}

}  // namespace

std::string version_page(const std::string& cluster_version) {
  const std::optional<Version> cluster = parse_version(cluster_version);
  // The store has the form of this version as soon as everybody can read it: from 3.6 on (etcd's storage version monitor).
  const bool is_storage_known = cluster && *cluster >= Version{3, 6, 0};
  Json page;
  page["etcdserver"] = kEtcdVersion;
  page["etcdcluster"] = cluster ? cluster_version : "not_decided";
  page["storage"] = is_storage_known ? std::string(kStorageVersion) : "unknown";
  return text_of(page);
}

std::string members_page(const google::protobuf::RepeatedPtrField<etcdserverpb::Member>& members) {
  Json page = Json::array();
  for (const etcdserverpb::Member& member : members) {
    Json one;
    one["id"] = member.id();  // a number, which not every reader of JSON takes whole
    one["peerURLs"] = Json::array();
    for (const std::string& url : member.peerurls()) one["peerURLs"].push_back(url);
    if (member.islearner()) one["isLearner"] = true;
    if (!member.name().empty()) one["name"] = member.name();
    for (const std::string& url : member.clienturls()) one["clientURLs"].push_back(url);
    page.push_back(std::move(one));
  }
  return text_of(page) + "\n";
}

void VersionPage::handle(rpc::HttpCall& call) {
  if (call.request().method != "GET") return call.respond(rpc::http_method_not_allowed("GET"));
  respond_json(call, version_page(context_ != nullptr ? context_->machine.members().cluster_version() : std::string()));
}

void MembersPage::handle(rpc::HttpCall& call) {
  if (call.request().method != "GET") return call.respond(rpc::http_method_not_allowed("GET"));
  if (context_ == nullptr) return call.respond(rpc::http_error(503, "this member has not opened its files yet"));
  const std::string cluster = base::to_text(context_->machine.header().cluster);
  respond_json(call, members_page(members_of(context_->machine, context_->replica.settled_configuration())), {{"X-Etcd-Cluster-Id", cluster}});
}

}  // namespace etcd
