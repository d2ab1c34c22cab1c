// The same from C++: the header as it is.

#include <pennon.h>

#include <iostream>
#include <memory>

namespace {

struct Free {
    void operator()(pennon_client *client) const { pennon_client_free(client); }
    void operator()(pennon_error *error) const { pennon_error_free(error); }
};

std::unique_ptr<pennon_client, Free> create(const char *json)
{
    pennon_options *options = nullptr;
    pennon_client *client = nullptr;
    pennon_error *error = nullptr;

    if (pennon_options_from_json(json, PENNON_ZERO_TERMINATED, &options, &error)
        || pennon_client_create(options, &client, &error)) {
        std::unique_ptr<pennon_error, Free> owned(error);
        std::cerr << pennon_error_message(error, nullptr) << '\n';
    }
    return std::unique_ptr<pennon_client, Free>(client);
}

} // namespace

int main()
{
    const auto client = create(R"({"service": "goff", "ruleset": {"on": {"variations": {"on": true},
                                   "defaultRule": {"variation": "on"}}}})");
    return client && pennon_client_get_bool(client.get(), PENNON_LITERAL("on"), nullptr, false) ? 0 : 1;
}
