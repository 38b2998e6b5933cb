#pragma once
// Kong's entities as plain structs with Kong's field names: what a configuration file declares,
// before it is compiled.

#include "config/entities/certificate.h"
#include "config/entities/common.h"
#include "config/entities/consumer.h"
#include "config/entities/credentials.h"
#include "config/entities/key.h"
#include "config/entities/plugin.h"
#include "config/entities/route.h"
#include "config/entities/service.h"
#include "config/entities/upstream.h"
#include "config/entities/vault.h"
