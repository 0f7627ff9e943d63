// Shows the OpenAPI document that the script's element names.
'use strict';
{
  const page = document.currentScript.dataset;
  const url = (path) => new URL(path, window.location.href).href;
  window.ui = SwaggerUIBundle({
    dom_id: '#swagger-ui',
    url: url(page.openapi),
    oauth2RedirectUrl: url(page.redirect),
    layout: 'BaseLayout',
    deepLinking: true,
    showExtensions: true,
    showCommonExtensions: true,
    // Nothing is asked of other hosts.
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  });
}
