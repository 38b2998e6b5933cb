#pragma once
// The declarations of all entities.

#include "config/entities/certificate_fields.h"
#include "config/entities/consumer_fields.h"
#include "config/entities/credentials_fields.h"
#include "config/entities/key_fields.h"
#include "config/entities/plugin_fields.h"
#include "config/entities/route_fields.h"
#include "config/entities/service_fields.h"
#include "config/entities/upstream_fields.h"
#include "config/entities/vault_fields.h"
