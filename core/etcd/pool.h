// core/etcd/pool.h: operations are taken from a pool, so that a request allocates nothing once the pool is warm.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace etcd {

// Makes each T from the same arguments. T is reset by whoever gives it back.
template <typename T>
class Pool {
 public:
  // Owned by the pool. `make` arguments are given to the constructor when a new one is needed.
  template <typename... Args>
  T& take(Args&&... args) {
    if (free_.empty()) {
      all_.push_back(std::make_unique<T>(std::forward<Args>(args)...));
      return *all_.back();
    }
    T& object = *free_.back();
    free_.pop_back();
    return object;
  }
  void give_back(T& object) { free_.push_back(&object); }

 private:
  std::vector<std::unique_ptr<T>> all_;
  std::vector<T*> free_;
};

}  // namespace etcd
