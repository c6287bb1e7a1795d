// sim/etcd/teller.h: what etcd's part of a run is called, for whoever tells the story of one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/etcd/kv_oracle.h"
#include "sim/teller.h"

namespace sim::etcd {

struct ApplicationKind;

class EtcdTeller final : public Teller {
 public:
  // `application` may be null, and outlives it.
  EtcdTeller(KvOracle& oracle, const ApplicationKind* application) : oracle_(oracle), application_(application) {}

  void tell(OperationListener& listener) override {
    listener_ = &listener;
    oracle_.tell(listener);
  }
  OperationListener* listener() const { return listener_; }  // null: nobody wants to know
  std::string message_words(std::string_view path, bool is_answer, std::string_view message) const override;
  std::string state_words(base::LogIndex applied) const override;
  std::optional<OperationName> asked_by(base::LogIndex index) const override { return oracle_.asked_by(index); }
  std::string_view promise(std::string_view oracle) const override;

 private:
  KvOracle& oracle_;
  const ApplicationKind* const application_;
  OperationListener* listener_ = nullptr;
};

}  // namespace sim::etcd
