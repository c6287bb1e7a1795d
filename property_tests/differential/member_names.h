// property_tests/differential/member_names.h: one cluster's ids and URLs as words that are the same for both clusters.
//
// In requests and in answers to compare, the id of a member is its number in the order in which they came, from 1 on, and
// the URLs of those that run are `http://peer-2` and `http://client-2`. A number that nobody has is sent as it is.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "property_tests/differential/request.h"

namespace property_tests::differential {

class MemberNames {
 public:
  static std::string peer(std::size_t number) { return "http://peer-" + std::to_string(number); }
  static std::string client(std::size_t number) { return "http://client-" + std::to_string(number); }

  void add_url(const std::string& word, const std::string& url);
  std::string url(const std::string& word) const;  // the word itself if it is none

  // As the cluster has to be asked.
  Request to_real(Request request) const;
  // Whoever it tells of for the first time gets the next number; of several at once, the one with the smaller URL.
  // Members are in the order of their numbers then. An error if they are not in the order of their ids, as they must be.
  Answer to_words(Answer answer);
  // 0: nobody's.
  std::uint64_t number_of(std::uint64_t id) const;

 private:
  using Members = google::protobuf::RepeatedPtrField<etcdserverpb::Member>;
  using Urls = google::protobuf::RepeatedPtrField<std::string>;

  std::uint64_t real_id(std::uint64_t number) const;
  void replace(Urls& urls, const std::map<std::string, std::string>& by) const;
  void replace(etcdserverpb::Member& member);
  bool replace(Members& members);
  void note(const Members& members);

  std::vector<std::uint64_t> ids_;  // by number - 1
  std::map<std::string, std::string> url_by_word_;
  std::map<std::string, std::string> word_by_url_;
};

// Of any answer about members; empty in an error.
const google::protobuf::RepeatedPtrField<etcdserverpb::Member>* members_in(const Answer& answer);

}  // namespace property_tests::differential
