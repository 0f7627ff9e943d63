// Shows the OpenAPI document that the script's element names.
'use strict';
Redoc.init(
  new URL(document.currentScript.dataset.openapi, window.location.href).href, {}, document.getElementById('redoc'));
