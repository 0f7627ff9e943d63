-- What wrk sends: `wrk ... -s requests.lua URL -- KIND [DEPTH]`. KIND is text, user, item, or mixed, which takes
-- turns; DEPTH requests leave together.
local made = {}
local turn = 0

function init(arguments)
    local item = '{"name":"Pen","price":2.5}'
    local kinds = {
        text = { wrk.format('GET', '/text') },
        user = { wrk.format('GET', '/users/7') },
        item = { wrk.format('POST', '/items', { ['Content-Type'] = 'application/json' }, item) },
    }
    kinds.mixed = { kinds.text[1], kinds.user[1], kinds.item[1] }
    local depth = tonumber(arguments[2] or 1)
    for _, request in ipairs(kinds[arguments[1]]) do
        made[#made + 1] = string.rep(request, depth)
    end
end

function request()
    turn = turn % #made + 1
    return made[turn]
end
